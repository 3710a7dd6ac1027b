namespace LlmOps.Rollouts.Engine;

/// <summary>Merges counts by (process, epoch). Idempotent, commutative and monotone, so that a repeated, late or partial read does no harm.</summary>
internal static class EvidenceMerge
{
    /// <summary>Twice as many limits as a spec may have, because they may change while a rollout runs; the status holds no more.</summary>
    private const int MaxOverLimits = 16;

    private const string AllGateways = "all";
    private const string AllEngines = "engines";

    /// <summary>Both sets of rows; where they are too many for the status, those with the fewest requests are left out, which can only make a test miss something.</summary>
    public static EquatableArray<EvidenceRow> Rows(EquatableArray<EvidenceRow> kept, EquatableArray<EvidenceRow> read) => kept.Concat(read)
        .GroupBy(row => (row.Process, row.Epoch))
        .Select(rows => rows.Aggregate((one, other) => Fold(one, other, Math.Max)))
        .OrderByDescending(row => row.Stable.Requests + row.Candidate.Requests)
        .Take(Rollout.MaxEvidenceRows)
        .OrderBy(row => row.Epoch)
        .ThenBy(row => row.Process, StringComparer.Ordinal)
        .ToEquatableArray();

    /// <summary>One row for each weight epoch over all gateways, and one over all engines: what both count is not added up.</summary>
    public static EquatableArray<EvidenceRow> Sum(EquatableArray<EvidenceRow> rows) => rows
        .GroupBy(row => (row.Epoch, row.IsOfEngine))
        .Select(epoch => epoch.Aggregate((one, other) => Fold(one, other, (a, b) => a + b)) with { Process = epoch.Key.IsOfEngine ? AllEngines : AllGateways })
        .ToEquatableArray();

    private static EvidenceRow Fold(EvidenceRow one, EvidenceRow other, Func<long, long, long> of) => one with
    {
        Stable = Fold(one.Stable, other.Stable, of),
        Candidate = Fold(one.Candidate, other.Candidate, of),
        Mirrored = one.Mirrored || other.Mirrored,
    };

    private static TrackCounts Fold(TrackCounts one, TrackCounts other, Func<long, long, long> of) =>
        new(of(one.Requests, other.Requests), of(one.Errors, other.Errors), Fold(one.SlowTtft, other.SlowTtft, of))
        {
            Units = of(one.Units, other.Units),
            SlowTimePerOutputToken = Fold(one.SlowTimePerOutputToken, other.SlowTimePerOutputToken, of),
            LongOutput = Fold(one.LongOutput, other.LongOutput, of),
            Costly = Fold(one.Costly, other.Costly, of),
            Blocked = of(one.Blocked, other.Blocked),
            NegativeFeedback = of(one.NegativeFeedback, other.NegativeFeedback),
            OverLimit = Fold(one.OverLimit, other.OverLimit, of),
            RenderFailures = of(one.RenderFailures, other.RenderFailures),
            Unauthorized = of(one.Unauthorized, other.Unauthorized),
        };

    private static EquatableArray<long> Fold(EquatableArray<long> one, EquatableArray<long> other, Func<long, long, long> of)
    {
        var (longer, shorter) = one.Count >= other.Count ? (one, other) : (other, one);
        return longer.Select((count, i) => i < shorter.Count ? of(count, shorter[i]) : count).ToEquatableArray();
    }

    private static EquatableArray<OverLimit> Fold(EquatableArray<OverLimit> one, EquatableArray<OverLimit> other, Func<long, long, long> of) => one.Concat(other)
        .GroupBy(limit => limit.Key, StringComparer.Ordinal)
        .Select(counts => counts.Aggregate((a, b) => new(a.Key, of(a.Over, b.Over), of(a.Of, b.Of))))
        .OrderByDescending(limit => limit.Of)
        .Take(MaxOverLimits)
        .OrderBy(limit => limit.Key, StringComparer.Ordinal)
        .ToEquatableArray();
}
