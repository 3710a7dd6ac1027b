namespace LlmOps.Rollouts.Engine;

/// <summary>Merges counts by (process, epoch). Idempotent, commutative and monotone, so that a repeated, late or partial read does no harm.</summary>
internal static class EvidenceMerge
{
    /// <summary>Twice as many limits as a spec may have, because they may change while a rollout runs; the status holds no more.</summary>
    private const int MaxOverLimits = 16;

    /// <summary>Both sets of rows; where they are too many for the status, those with the fewest requests are left out, which can only make a test miss something.</summary>
    public static EquatableArray<EvidenceRow> Rows(EquatableArray<EvidenceRow> kept, EquatableArray<EvidenceRow> read) => kept.Concat(read)
        .GroupBy(row => (row.Process, row.Epoch))
        .Select(rows => rows.Aggregate(Larger))
        .OrderByDescending(row => row.Stable.Requests + row.Candidate.Requests)
        .Take(Rollout.MaxEvidenceRows)
        .OrderBy(row => row.Epoch)
        .ThenBy(row => row.Process, StringComparer.Ordinal)
        .ToEquatableArray();

    private static EvidenceRow Larger(EvidenceRow one, EvidenceRow other) => one with
    {
        Stable = Larger(one.Stable, other.Stable),
        Candidate = Larger(one.Candidate, other.Candidate),
        Mirrored = one.Mirrored || other.Mirrored,
    };

    private static TrackCounts Larger(TrackCounts one, TrackCounts other) =>
        new(Math.Max(one.Requests, other.Requests), Math.Max(one.Errors, other.Errors), Larger(one.SlowTtft, other.SlowTtft))
        {
            Units = Math.Max(one.Units, other.Units),
            SlowTimePerOutputToken = Larger(one.SlowTimePerOutputToken, other.SlowTimePerOutputToken),
            LongOutput = Larger(one.LongOutput, other.LongOutput),
            Costly = Larger(one.Costly, other.Costly),
            Blocked = Math.Max(one.Blocked, other.Blocked),
            NegativeFeedback = Math.Max(one.NegativeFeedback, other.NegativeFeedback),
            OverLimit = Larger(one.OverLimit, other.OverLimit),
            RenderFailures = Math.Max(one.RenderFailures, other.RenderFailures),
            Unauthorized = Math.Max(one.Unauthorized, other.Unauthorized),
        };

    private static EquatableArray<long> Larger(EquatableArray<long> one, EquatableArray<long> other)
    {
        var (longer, shorter) = one.Count >= other.Count ? (one, other) : (other, one);
        return longer.Select((count, i) => i < shorter.Count ? Math.Max(count, shorter[i]) : count).ToEquatableArray();
    }

    private static EquatableArray<OverLimit> Larger(EquatableArray<OverLimit> one, EquatableArray<OverLimit> other) => one.Concat(other)
        .GroupBy(limit => limit.Key, StringComparer.Ordinal)
        .Select(counts => new OverLimit(counts.Key, counts.Max(count => count.Over), counts.Max(count => count.Of)))
        .OrderByDescending(limit => limit.Of)
        .Take(MaxOverLimits)
        .OrderBy(limit => limit.Key, StringComparer.Ordinal)
        .ToEquatableArray();
}
