namespace LlmOps.Rollouts.Statistics;

/// <summary>Tests of the candidate against absolute limits.</summary>
/// <remarks>
/// One-armed: for H0 "at most the share p0 of requests breaks the limit" the candidate's counts are a stream of Bernoulli trials; the alternatives are the
/// odds of p0 times the grid of <see cref="ConditionalMixtureTest"/>, which has the same form with p0 in the place of the weight. The limits share a fixed
/// hundredth of the false revert probability. A broken limit fails only where the candidate breaks it alone: stable keeps it, and whose requests broke it speaks
/// against the candidate too. An outage that strikes both tracks comes to Inconclusive. Epochs without a concurrent stable are left out.
/// </remarks>
public static class LimitTests
{
    /// <summary>Share of the false revert probability that all limits together may use.</summary>
    public const double Share = 0.01;

    /// <summary>ln 20: how clearly the candidate must break a limit more often than stable. Only a second condition, so it costs no false revert.</summary>
    private static readonly double LogWorseThanStable = Math.Log(20);

    public static string NameOf(string metric) => $"limit/{metric}";

    /// <summary>One test a limit, in the order of the plan.</summary>
    public static EquatableArray<LiveTest> Run(AnalysisPlan analysis, EquatableArray<EvidenceRow> rows) =>
        rows.Count == 0 || analysis.Limits.Count == 0 ? [] : RunAll(analysis, [.. ShareTest.AtObservedShares(rows).Where(row => row.EffectiveWeightPercent is > 0 and < 100)]);

    private static EquatableArray<LiveTest> RunAll(AnalysisPlan analysis, List<EvidenceRow> concurrent) =>
        analysis.Limits.Select(limit => Test(limit, analysis, concurrent)).ToEquatableArray();

    private static LiveTest Test(AbsoluteLimit limit, AnalysisPlan analysis, List<EvidenceRow> rows)
    {
        var counts = rows
            .Select(row => (Row: row, Candidate: Count(limit, row.Candidate), Stable: Count(limit, row.Stable)))
            .ToList();
        var candidate = Sum(counts.Select(count => count.Candidate));
        var stable = Sum(counts.Select(count => count.Stable));
        var threshold = ConditionalMixtureTest.LogThreshold(analysis.FalseRevertProbability * Share / analysis.Limits.Count);
        var logE = LogE(candidate, limit.MaxShare);
        var isBroken = logE >= threshold;
        var stableBreaksIt = LogE(stable, limit.MaxShare) >= threshold;
        var isWorse = isBroken && OnsetMixture.LogE([.. counts.Select(count => new EpochEvents(count.Row.Epoch, new(count.Row.EffectiveWeightPercent, count.Candidate.Over, count.Stable.Over)))], 1) >= LogWorseThanStable;
        var verdict = candidate.Of == 0 ? Verdict.NoData : !isBroken ? Verdict.Pass : isWorse && !stableBreaksIt ? Verdict.Fail : Verdict.Inconclusive;
        var alike = verdict == Verdict.Inconclusive ? "; stable does no better, so this is not held against the candidate" : string.Empty;
        return new(NameOf(limit.Metric), verdict, logE, threshold, $"{limit.Text}: broken by {Text(candidate)} of the candidate, {Text(stable)} of stable; ln M {logE:0.00} {(isBroken ? "reaches" : "is below")} {threshold:0.00}{alike}");
    }

    /// <summary>ln M of H0: at most the share <paramref name="maxShare"/> is over.</summary>
    internal static double LogE(OverLimit counts, double maxShare)
    {
        var logRatios = ConditionalMixtureTest.Start(1);
        ConditionalMixtureTest.Add(logRatios, maxShare, counts.Over, counts.Of - counts.Over, 1);
        return ConditionalMixtureTest.LogMeanExp(logRatios);
    }

    private static OverLimit Count(AbsoluteLimit limit, TrackCounts counts) => limit.Key is { } key
        ? counts.OverLimit.FirstOrDefault(count => count.Key == key) ?? new(key, 0, 0)
        : new(string.Empty, counts.Errors, Math.Max(counts.Requests, counts.Errors));

    private static OverLimit Sum(IEnumerable<OverLimit> counts) =>
        counts.Aggregate(new OverLimit(string.Empty, 0, 0), (sum, count) => sum with { Over = sum.Over + count.Over, Of = sum.Of + count.Of });

    private static string Text(OverLimit counts) => counts.Of == 0 ? "0 of 0" : $"{counts.Over} of {counts.Of} ({100.0 * counts.Over / counts.Of:0.0}%)";
}
