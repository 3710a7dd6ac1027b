using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Offline;

/// <summary>
/// Judges a pass rate against a threshold by its one-sided lower Wilson bound, since the estimate alone passes a release that is exactly as good as the
/// threshold half of the time.
/// </summary>
/// <remarks>Pass: the lower bound reaches the threshold. Fail: even the estimate is below it. Inconclusive: in between, more cases would decide.</remarks>
internal static class Absolute
{
    public static (Verdict Verdict, string Message) Judge(AtLeast criterion, MetricCounts metric)
    {
        var rate = (double)metric.Passed / metric.Cases;
        var lower = Wilson.Lower(metric.Passed, metric.Cases, criterion.Confidence);
        var verdict = lower >= criterion.Threshold ? Verdict.Pass : rate < criterion.Threshold ? Verdict.Fail : Verdict.Inconclusive;
        var numbers = $"{metric.Passed} of {metric.Cases} passed ({rate:0.0%}), lower {criterion.Confidence:0.##%} bound {lower:0.0000}";
        return (verdict, verdict == Verdict.Inconclusive ? $"{numbers} is below {criterion.Threshold:0.####}: more cases are needed" : numbers);
    }
}
