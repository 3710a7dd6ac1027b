using System.Globalization;

namespace LlmOps.Rollouts.Engine;

/// <summary>What the live tests went by, in words, so that a decision can be explained when the spec has long been another.</summary>
internal static class RulesInForce
{
    public static EquatableArray<Rule> Of(AnalysisPlan analysis) =>
    [
        new("falseRevertProbability", (100 * analysis.FalseRevertProbability).ToString("0.####", CultureInfo.InvariantCulture) + "%"),
        new("tolerance/errors", Text(analysis.Tolerance.Errors)),
        new("tolerance/ttft", Text(analysis.Tolerance.Ttft)),
        new("tolerance/timePerOutputToken", Text(analysis.Tolerance.TimePerOutputToken)),
        new("tolerance/outputTokens", Text(analysis.Tolerance.OutputTokens)),
        new("tolerance/cost", Text(analysis.Tolerance.Cost)),
        new("tolerance/blocked", Text(analysis.Tolerance.Blocked)),
        new("tolerance/feedback", Text(analysis.Tolerance.Feedback)),
        new("promotion", analysis.Promotion.ToString()),
        .. analysis.Limits.Select((limit, i) => new Rule($"limit/{i + 1}", limit.Text)),
    ];

    private static string Text(double ratio) => ratio.ToString("0.####", CultureInfo.InvariantCulture);
}
