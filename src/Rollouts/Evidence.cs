namespace LlmOps.Rollouts;

/// <summary>What one gateway process counted in one weight epoch of the current rollout. Counts only ever grow.</summary>
/// <param name="Process">Identifies a start of a gateway process.</param>
/// <param name="Epoch">Weight epoch in which the requests were assigned.</param>
/// <param name="WeightPercent">The candidate's weight in that epoch, in per cent.</param>
public sealed record EvidenceRow(string Process, int Epoch, int WeightPercent, TrackCounts Stable, TrackCounts Candidate)
{
    /// <summary>Weight of an epoch in which each counted request went to both tracks.</summary>
    private const int MirroredWeightPercent = 50;

    /// <summary>True where the candidate got copies of stable's requests: then both tracks count the same requests.</summary>
    public bool Mirrored { get; init; }

    /// <summary>True where an engine counted what it answered, by its own counters; else a gateway what it assigned.</summary>
    public bool IsOfEngine { get; init; }

    /// <summary>The candidate's share of the counted requests, in per cent: what the conditional tests need to know.</summary>
    public int EffectiveWeightPercent => Mirrored ? MirroredWeightPercent : WeightPercent;
}

/// <summary>Counts of one track, by the release that a request was assigned to, whoever answered it. What a gateway does not count is 0 or empty.</summary>
/// <param name="Requests">Requests assigned.</param>
/// <param name="Errors">Requests whose first attempt failed.</param>
/// <param name="SlowTtft">Requests slower to their first token than stable's p50, p75, p90, p95 and p99 of before the epoch; empty while those are unknown.</param>
public sealed record TrackCounts(long Requests, long Errors, EquatableArray<long> SlowTtft = default)
{
    public static TrackCounts None { get; } = new(0, 0);

    /// <summary>Distinct sticky units assigned; as many as requests where each is its own.</summary>
    public long Units { get; init; }

    /// <summary>Requests with a longer time per output token than stable's p50, p75, p90, p95 and p99 of before the epoch; empty while those are unknown.</summary>
    public EquatableArray<long> SlowTimePerOutputToken { get; init; }

    /// <summary>Answers with more output tokens than stable's p50, p90 and p99; empty while those are unknown.</summary>
    public EquatableArray<long> LongOutput { get; init; }

    /// <summary>Requests that cost more than stable's p50, p90 and p99; empty while those are unknown or there are no prices.</summary>
    public EquatableArray<long> Costly { get; init; }

    /// <summary>Answers that a guardrail blocked (finish reason content_filter).</summary>
    public long Blocked { get; init; }

    /// <summary>Answers that a user rated bad.</summary>
    public long NegativeFeedback { get; init; }

    /// <summary>Counts against the absolute limits, one entry a limit.</summary>
    public EquatableArray<OverLimit> OverLimit { get; init; }

    /// <summary>Requests whose prompt the candidate's template could not render, where stable's answer succeeded.</summary>
    public long RenderFailures { get; init; }

    /// <summary>Requests that the engine refused as unauthorized, where stable's answer succeeded.</summary>
    public long Unauthorized { get; init; }
}

/// <summary>How many requests broke one absolute limit.</summary>
/// <param name="Key">Metric and limit, such as <c>ttft:2</c> (seconds).</param>
/// <param name="Over">Requests above the limit.</param>
/// <param name="Of">Requests that could have been.</param>
public sealed record OverLimit(string Key, long Over, long Of);

/// <summary>The counts of a weight epoch, over all gateways, as they were at a time within it: where a test begins that looks for a candidate that turned bad late.</summary>
/// <param name="Number">Which time, from 0: 2^number minutes after the hold began, at the first writing of counts after that.</param>
public sealed record EvidenceOnset(int Epoch, int Number, TrackCounts Stable, TrackCounts Candidate);
