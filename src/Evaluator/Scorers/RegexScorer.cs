using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>The answer matches a regular expression somewhere.</summary>
internal static class RegexScorer
{
    public static Score Create(ScorerSpec spec)
    {
        var pattern = Patterns.Compile(spec.Name, "pattern", spec.Pattern ?? throw new ArgumentException($"scorer {spec.Name} needs a pattern"));
        return answer => pattern.IsMatch(answer.Text) ? null : $"does not match {spec.Pattern}";
    }
}
