namespace LlmOps.Rollouts.Statistics;

/// <summary>What the counts say of one signal.</summary>
/// <param name="LogE">ln of the mean of the e-processes of the signal's levels.</param>
/// <param name="WorstLevel">Level that speaks most against the candidate.</param>
/// <param name="HasData">Whether anything was measured.</param>
internal sealed record SignalReading(LiveSignal Signal, EquatableArray<EvidenceRow> Rows, double LogE, int WorstLevel, bool HasData)
{
    /// <summary>ln of the e-process times the signal's share.</summary>
    public double Weighted => LogE + Math.Log(Signal.Share);

    public static SignalReading Of(LiveSignal signal, Tolerances tolerances, EquatableArray<EvidenceRow> rows, EquatableArray<EvidenceOnset> onsets)
    {
        var levels = rows.Max(row => Math.Max(signal.Counts(row.Stable).Count, signal.Counts(row.Candidate).Count));
        var hasData = levels > 0 && rows.Any(row => row.Candidate.Requests > 0)
            && (!signal.IsRare || rows.Any(row => Bad(signal, row.Stable, 0) + Bad(signal, row.Candidate, 0) > 0));
        if (!hasData)
        {
            return new(signal, rows, 0, 0, HasData: false);
        }

        var logE = new double[levels];
        for (var level = 0; level < levels; level++)
        {
            logE[level] = LevelLogE(signal, level, signal.Tolerance(tolerances), rows, onsets);
        }

        return new(signal, rows, ConditionalMixtureTest.LogMeanExp(logE), Array.IndexOf(logE, logE.Max()), HasData: true);
    }

    /// <summary>The counts of the worst level in a sentence.</summary>
    public string Numbers() => !HasData
        ? $"{(Signal.IsRare ? Signal.Bad : Signal.Describe(0))}: nothing was counted yet"
        : $"{Signal.Describe(WorstLevel)}: candidate {Rate(row => row.Candidate)}, stable {Rate(row => row.Stable)}";

    private static double LevelLogE(LiveSignal signal, int level, double tolerance, EquatableArray<EvidenceRow> rows, EquatableArray<EvidenceOnset> onsets)
    {
        var events = new List<EpochEvents>(rows.Count);
        foreach (var row in rows)
        {
            events.Add(new(row.Epoch, new(row.EffectiveWeightPercent, Bad(signal, row.Candidate, level), Bad(signal, row.Stable, level))));
        }

        return onsets.Count == 0
            ? OnsetMixture.LogE(events, tolerance)
            : OnsetMixture.LogE(events, [.. onsets.Select(onset => Since(signal, level, onset, events))], tolerance);
    }

    /// <summary>Events of the onset's epoch that came after it.</summary>
    private static LateEvents Since(LiveSignal signal, int level, EvidenceOnset onset, List<EpochEvents> events)
    {
        var epoch = events.Where(row => row.Epoch == onset.Epoch).ToList();
        var candidate = epoch.Sum(row => row.Events.Candidate) - Bad(signal, onset.Candidate, level);
        var stable = epoch.Sum(row => row.Events.Stable) - Bad(signal, onset.Stable, level);
        // A row that no longer fits the status is missing from the sum: then nothing is known to have come since.
        var known = candidate >= 0 && stable >= 0;
        return new(onset.Epoch, onset.Number, new(epoch.Count == 0 ? 0 : epoch[0].Events.WeightPercent, known ? candidate : 0, known ? stable : 0));
    }

    private static long Bad(LiveSignal signal, TrackCounts counts, int level) => signal.Counts(counts) is var levels && level < levels.Count ? levels[level] : 0;

    private string Rate(Func<EvidenceRow, TrackCounts> track)
    {
        // Only the requests of rows that have this level: before thresholds are known nothing is held against them.
        var counted = Rows.Select(track).Where(counts => Signal.Counts(counts).Count > WorstLevel).ToList();
        var requests = counted.Sum(counts => counts.Requests);
        var bad = counted.Sum(counts => Signal.Counts(counts)[WorstLevel]);
        return requests == 0 ? "0 of 0" : $"{bad} of {requests} ({100.0 * bad / requests:0.0}%)";
    }
}
