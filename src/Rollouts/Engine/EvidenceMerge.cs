namespace LlmOps.Rollouts.Engine;

/// <summary>Merges counts by (process, epoch). Idempotent, commutative and monotone, so that a repeated, late or partial read does no harm.</summary>
internal static class EvidenceMerge
{
    /// <summary>Both sets of rows; where they are too many for the status, those with the fewest requests are left out, which can only make a test miss something.</summary>
    public static EquatableArray<EvidenceRow> Rows(EquatableArray<EvidenceRow> kept, EquatableArray<EvidenceRow> read) => kept.Concat(read)
        .GroupBy(row => (row.Process, row.Epoch))
        .Select(rows => rows.Aggregate(Larger))
        .OrderByDescending(row => row.Stable.Requests + row.Candidate.Requests)
        .Take(Rollout.MaxEvidenceRows)
        .OrderBy(row => row.Epoch)
        .ThenBy(row => row.Process, StringComparer.Ordinal)
        .ToEquatableArray();

    private static EvidenceRow Larger(EvidenceRow one, EvidenceRow other) =>
        one with { Stable = Larger(one.Stable, other.Stable), Candidate = Larger(one.Candidate, other.Candidate) };

    private static TrackCounts Larger(TrackCounts one, TrackCounts other)
    {
        var (longer, shorter) = one.SlowTtft.Count >= other.SlowTtft.Count ? (one.SlowTtft, other.SlowTtft) : (other.SlowTtft, one.SlowTtft);
        var slow = longer.Select((count, i) => i < shorter.Count ? Math.Max(count, shorter[i]) : count).ToEquatableArray();
        return new(Math.Max(one.Requests, other.Requests), Math.Max(one.Errors, other.Errors), slow);
    }
}
