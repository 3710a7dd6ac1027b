using System.Globalization;

namespace LlmOps.Rollouts.Engine;

/// <summary>What the live tests went by, in words, so that a decision can be explained when the spec has long been another.</summary>
internal static class RulesInForce
{
    public static EquatableArray<Rule> Of(AnalysisPlan analysis) =>
    [
        new("falseRevertProbability", (100 * analysis.FalseRevertProbability).ToString("0.####", CultureInfo.InvariantCulture) + "%"),
        new("tolerance/errors", Text(analysis.ErrorsTolerance)),
        new("tolerance/ttft", Text(analysis.TtftTolerance)),
    ];

    private static string Text(double ratio) => ratio.ToString("0.####", CultureInfo.InvariantCulture);
}
