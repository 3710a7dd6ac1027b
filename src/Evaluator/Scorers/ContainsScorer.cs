using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>The answer contains the expected text; where a list is expected, all of its texts.</summary>
internal static class ContainsScorer
{
    public static Score Create(ScorerSpec spec)
    {
        var comparison = spec.CaseSensitive == true ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return answer => answer.ExpectedTexts.FirstOrDefault(expected => !answer.Text.Contains(expected, comparison)) is { } missing
            ? $"does not contain {missing}"
            : null;
    }
}
