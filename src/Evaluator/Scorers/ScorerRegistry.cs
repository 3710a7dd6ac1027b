using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>All scorers by type. A new one is one file and one line here.</summary>
internal static class ScorerRegistry
{
    private static readonly Dictionary<string, Func<ScorerSpec, Score>> Types = new(StringComparer.Ordinal)
    {
        ["equals"] = EqualsScorer.Create,
        ["contains"] = ContainsScorer.Create,
        ["regex"] = RegexScorer.Create,
        ["numericTolerance"] = NumericToleranceScorer.Create,
        ["isJson"] = IsJsonScorer.Create,
        ["length"] = LengthScorer.Create,
    };

    /// <exception cref="ArgumentException">The type is unknown or the scorer cannot be used as it is; the message says what to do.</exception>
    public static Score Create(ScorerSpec spec) =>
        Types.TryGetValue(spec.Type, out var create)
            ? create(spec)
            : throw new ArgumentException($"scorer {spec.Name} has the unknown type {spec.Type}: use one of {string.Join(", ", Types.Keys.Order(StringComparer.Ordinal))}");
}
