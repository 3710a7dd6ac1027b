using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Offline;

/// <summary>Judges a pass rate against stable's on the same cases by Tango's score test, and reports McNemar's mid-p beside it.</summary>
/// <remarks>
/// Pass: shown to be less than the margin below stable. Fail: shown to be below stable at all (upper bound under 0), or the estimate itself is below by the
/// margin or more. Inconclusive: neither; then the message says which margin so many cases can show.
/// </remarks>
internal static class NonInferiority
{
    /// <summary>Least share of cases assumed to differ between two releases when the margin that can be shown is worked out; fewer differing by luck must not flatter it.</summary>
    private const double LeastDiscordantShare = 0.05;

    public static (Verdict Verdict, string Message) Judge(NotWorseThanStable criterion, MetricCounts metric)
    {
        var (wins, losses, cases) = (metric.Wins, metric.Losses, metric.Cases);
        var (_, p) = Tango.NonInferiority(wins, losses, cases, Math.Min(criterion.Margin, 1 - 1e-9));
        var (lower, upper) = Tango.Interval(wins, losses, cases, criterion.Confidence);
        var difference = (double)(wins - losses) / cases;
        var verdict = p < 1 - criterion.Confidence ? Verdict.Pass
            : upper < 0 || difference <= -criterion.Margin ? Verdict.Fail
            : Verdict.Inconclusive;

        var numbers = $"candidate {metric.Passed}, stable {metric.BaselinePassed} of {cases}; difference {Points(difference)} [{Points(lower)}, {Points(upper)}] points, "
            + $"p {P(p)} for a loss of {Points(criterion.Margin)}; wins {wins}, losses {losses}, McNemar mid-p {P(McNemar.Test(wins, losses).MidP)}";
        var smallest = SampleSize.MinimumDetectableMargin(cases, Math.Max(LeastDiscordantShare, (double)(wins + losses) / cases), criterion.Confidence);
        var isTooSmall = verdict == Verdict.Inconclusive && smallest > criterion.Margin;
        return (verdict, isTooSmall ? $"{numbers}; {cases} cases can show a margin of {Points(smallest)} points at best" : numbers);
    }

    private static string Points(double share) => $"{100 * share:0.0}";

    private static string P(double p) => p < 0.0001 ? "< 0.0001" : $"{p:0.0000}";
}
