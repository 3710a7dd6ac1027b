using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>The answer is the expected text, or one of the expected texts, apart from white space at the ends.</summary>
internal static class EqualsScorer
{
    public static Score Create(ScorerSpec spec)
    {
        var comparison = spec.CaseSensitive == true ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return answer => answer.ExpectedTexts.Any(expected => string.Equals(answer.Text, expected.Trim(), comparison))
            ? null
            : $"is not {string.Join(" or ", answer.ExpectedTexts)}";
    }
}
