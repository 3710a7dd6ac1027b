namespace LlmOps.Rollouts.Statistics;

/// <summary>Tests of live traffic: the candidate against stable at the same time, on the counts of the whole rollout.</summary>
/// <remarks>
/// Guarantee: a candidate no worse than tolerated fails with at most <see cref="AnalysisPlan.FalseRevertProbability"/> over the whole rollout, however often
/// this is looked at. Assumption: each sticky unit counts at most once per metric.
/// </remarks>
public static class LiveTests
{
    public const string Errors = "live/errors";
    public const string Ttft = "live/ttft";

    /// <summary>
    /// Share of the false revert probability that the errors test may use; the TTFT test has the rest. Nine tenths keep the median for 1 % → 5 % errors at 5 %
    /// weight at 145 candidate requests, under the budget of 150 (two thirds: 157), and cost the TTFT test little: slow answers are far more frequent than errors.
    /// </summary>
    public const double ErrorsShare = 0.9;

    private static readonly string[] TtftQuantiles = ["p50", "p75", "p90", "p95", "p99"];

    /// <summary>Both tests. NoData where nothing was counted; never Inconclusive.</summary>
    public static EquatableArray<LiveTest> Run(AnalysisPlan analysis, EquatableArray<EvidenceRow> rows) =>
        rows.Count == 0 ? [] : [TestErrors(analysis, rows), TestTtft(analysis, rows)];

    private static LiveTest TestErrors(AnalysisPlan analysis, EquatableArray<EvidenceRow> rows)
    {
        var logE = LogE(rows, counts => counts.Errors, analysis.ErrorsTolerance);
        var numbers = $"errors: candidate {Rate(rows, row => row.Candidate, 0)}, stable {Rate(rows, row => row.Stable, 0)}";
        return Conclude(Errors, logE, analysis.FalseRevertProbability * ErrorsShare, rows.Any(row => row.Candidate.Requests > 0), numbers);
    }

    private static LiveTest TestTtft(AnalysisPlan analysis, EquatableArray<EvidenceRow> rows)
    {
        var thresholds = rows.Max(row => Math.Max(row.Stable.SlowTtft.Count, row.Candidate.SlowTtft.Count));
        var logE = Enumerable.Range(0, thresholds)
            .Select(i => LogE(rows, counts => Slow(counts, i), analysis.TtftTolerance))
            .ToList();
        var worst = logE.Count == 0 ? 0 : logE.IndexOf(logE.Max());
        var numbers = thresholds == 0
            ? "slow first tokens: stable's quantiles are not known yet"
            : $"slower to the first token than stable's {Quantile(worst)}: candidate {Rate(rows, row => row.Candidate, worst + 1)}, stable {Rate(rows, row => row.Stable, worst + 1)}";
        return Conclude(Ttft, ConditionalMixtureTest.LogMeanExp(logE), analysis.FalseRevertProbability * (1 - ErrorsShare), thresholds > 0, numbers);
    }

    private static double LogE(EquatableArray<EvidenceRow> rows, Func<TrackCounts, long> bad, double tolerance) =>
        OnsetMixture.LogE([.. rows.Select(row => new EpochEvents(row.Epoch, new(row.WeightPercent, bad(row.Candidate), bad(row.Stable))))], tolerance);

    private static LiveTest Conclude(string name, double logE, double falseRevertProbability, bool hasData, string numbers)
    {
        var threshold = ConditionalMixtureTest.LogThreshold(falseRevertProbability);
        var verdict = !hasData ? Verdict.NoData : logE >= threshold ? Verdict.Fail : Verdict.Pass;
        var comparison = logE >= threshold ? "reaches" : "is below";
        return new(name, verdict, logE, threshold, $"{numbers}; ln M {logE:0.00} {comparison} {threshold:0.00}");
    }

    private static string Rate(EquatableArray<EvidenceRow> rows, Func<EvidenceRow, TrackCounts> track, int metric)
    {
        // Rates of slow answers count only the requests of rows that have thresholds.
        var counted = rows.Select(track).Where(counts => metric == 0 || counts.SlowTtft.Count >= metric).ToList();
        var requests = counted.Sum(counts => counts.Requests);
        var bad = counted.Sum(counts => metric == 0 ? counts.Errors : Slow(counts, metric - 1));
        return requests == 0 ? "0 of 0" : $"{bad} of {requests} ({100.0 * bad / requests:0.0}%)";
    }

    private static long Slow(TrackCounts counts, int threshold) => threshold < counts.SlowTtft.Count ? counts.SlowTtft[threshold] : 0;

    private static string Quantile(int index) => index < TtftQuantiles.Length ? TtftQuantiles[index] : $"threshold {index}";
}
