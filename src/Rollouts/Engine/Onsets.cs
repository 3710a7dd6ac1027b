namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps the counts of the present epoch as they were 1, 2, 4, … minutes after its hold began, so that a candidate that turns bad late is not shielded by its good start.</summary>
internal static class Onsets
{
    /// <summary>The last one is 2^9 minutes, eight and a half hours, after the start.</summary>
    private const int Most = 10;

    /// <summary>Onsets of the present epoch; one more where its time has come. Called when counts are written anyway.</summary>
    public static EquatableArray<EvidenceOnset> At(Rollout rollout, DateTimeOffset now)
    {
        var kept = rollout.Onsets.Where(onset => onset.Epoch == rollout.WeightEpoch).ToEquatableArray();
        var rows = EvidenceSources.ForTests(rollout.Evidence).Where(row => row.Epoch == rollout.WeightEpoch).ToList();
        return rollout.HoldStartedAt is { } since && rows.Count > 0 && kept.Count < Most && now - since >= TimeSpan.FromMinutes(1 << kept.Count)
            ? kept.Add(new(rollout.WeightEpoch, kept.Count, Sum(rows, row => row.Stable), Sum(rows, row => row.Candidate)))
            : kept;
    }

    private static TrackCounts Sum(List<EvidenceRow> rows, Func<EvidenceRow, TrackCounts> track) => rows.Select(track).Aggregate(TrackCounts.None, Add);

    /// <summary>Only what a live test compares.</summary>
    private static TrackCounts Add(TrackCounts one, TrackCounts other) => new(one.Requests + other.Requests, one.Errors + other.Errors, Add(one.SlowTtft, other.SlowTtft))
    {
        SlowTimePerOutputToken = Add(one.SlowTimePerOutputToken, other.SlowTimePerOutputToken),
        LongOutput = Add(one.LongOutput, other.LongOutput),
        Costly = Add(one.Costly, other.Costly),
        Blocked = one.Blocked + other.Blocked,
        NegativeFeedback = one.NegativeFeedback + other.NegativeFeedback,
    };

    private static EquatableArray<long> Add(EquatableArray<long> one, EquatableArray<long> other)
    {
        var (longer, shorter) = one.Count >= other.Count ? (one, other) : (other, one);
        return longer.Select((count, i) => i < shorter.Count ? count + shorter[i] : count).ToEquatableArray();
    }
}
