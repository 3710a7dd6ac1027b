using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>The answer has at least <c>min</c> and at most <c>max</c> words, characters or tokens.</summary>
internal static class LengthScorer
{
    public static Score Create(ScorerSpec spec)
    {
        var unit = spec.Unit ?? "words";
        Func<Scored, int> count = unit switch
        {
            "words" => a => a.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length,
            "characters" => a => a.Text.Length,
            "tokens" => a => a.AnswerTokens,
            _ => throw new ArgumentException($"scorer {spec.Name} has the unknown unit {unit}: use words, characters or tokens"),
        };
        return answer => count(answer) switch
        {
            var n when n < spec.Min => $"has {n} {unit}, fewer than {spec.Min}",
            var n when n > spec.Max => $"has {n} {unit}, more than {spec.Max}",
            _ => null,
        };
    }
}
