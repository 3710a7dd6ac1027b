namespace LlmOps.Rollouts.Statistics;

/// <summary>Tests of live traffic: the candidate against stable at the same time, on the counts of the whole rollout.</summary>
/// <remarks>
/// Guarantee: a candidate no worse than tolerated in any signal fails with at most <see cref="AnalysisPlan.FalseRevertProbability"/> over the whole rollout,
/// however often this is looked at. The e-processes of the signals are averaged with fixed weights, and the average is held against 1/α: it rejects whenever
/// one signal alone would at its share of α, and earlier where several speak against the candidate. The signal that contributes most gets the blame.
/// Assumption: each sticky unit counts at most once per signal. What one request tells at several times (its first token, then its end) is taken as told at once.
/// </remarks>
public static class LiveTests
{
    public const string Errors = "live/errors";
    public const string Ttft = "live/ttft";
    public const string TimePerOutputToken = "live/timePerOutputToken";
    public const string OutputTokens = "live/outputTokens";
    public const string Cost = "live/cost";
    public const string Blocked = "live/blocked";
    public const string Feedback = "live/feedback";

    /// <summary>All signals, in a fixed order. NoData where nothing was counted; never Inconclusive.</summary>
    /// <param name="rows">Counts so far; without any there is no test.</param>
    /// <param name="onsets">Counts as they were at times within the present epoch.</param>
    public static EquatableArray<LiveTest> Run(AnalysisPlan analysis, EquatableArray<EvidenceRow> rows, EquatableArray<EvidenceOnset> onsets = default)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        var trusted = ShareTest.AtObservedShares(rows);
        var readings = LiveSignal.All.Select(signal => SignalReading.Of(signal, analysis.Tolerance, trusted, onsets)).ToList();
        var together = LogSumExp([.. readings.Select(reading => reading.Weighted)]);
        var threshold = ConditionalMixtureTest.LogThreshold(analysis.FalseRevertProbability);
        var worst = together >= threshold ? readings.MaxBy(reading => reading.Weighted) : null;
        return readings.Select(reading => Conclude(reading, threshold, ReferenceEquals(reading, worst) ? together : null)).ToEquatableArray();
    }

    /// <param name="together">ln of the average, where it rejects because of this signal; else null.</param>
    private static LiveTest Conclude(SignalReading reading, double threshold, double? together)
    {
        var alone = threshold - Math.Log(reading.Signal.Share);
        var reaches = reading.LogE >= alone;
        var verdict = together is not null ? Verdict.Fail : reading.HasData ? Verdict.Pass : Verdict.NoData;
        var others = together is { } sum && !reaches ? $", with the other signals {sum:0.00} reaches {threshold:0.00}" : string.Empty;
        return new(reading.Signal.Name, verdict, reading.LogE, alone, $"{reading.Numbers()}; ln M {reading.LogE:0.00} {(reaches ? "reaches" : "is below")} {alone:0.00}{others}");
    }

    private static double LogSumExp(IReadOnlyCollection<double> logs)
    {
        var largest = logs.Max();
        return largest + Math.Log(logs.Sum(log => Math.Exp(log - largest)));
    }
}
