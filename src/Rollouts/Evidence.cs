namespace LlmOps.Rollouts;

/// <summary>What one gateway process counted in one weight epoch of the current rollout. Counts only ever grow.</summary>
/// <param name="Process">Identifies a start of a gateway process.</param>
/// <param name="Epoch">Weight epoch in which the requests were assigned.</param>
/// <param name="WeightPercent">The candidate's weight in that epoch, in per cent.</param>
public sealed record EvidenceRow(string Process, int Epoch, int WeightPercent, TrackCounts Stable, TrackCounts Candidate);

/// <summary>Counts of one track, by the release that a request was assigned to, whoever answered it.</summary>
/// <param name="Requests">Requests assigned.</param>
/// <param name="Errors">Requests whose first attempt failed.</param>
/// <param name="SlowTtft">Requests slower to their first token than stable's p50, p75, p90, p95 and p99 of before the epoch; empty while those are unknown.</param>
public sealed record TrackCounts(long Requests, long Errors, EquatableArray<long> SlowTtft = default)
{
    public static TrackCounts None { get; } = new(0, 0);
}
