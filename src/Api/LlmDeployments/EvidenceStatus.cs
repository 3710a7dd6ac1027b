using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>What one gateway process counted in one weight epoch.</summary>
public sealed record EvidenceStatus
{
    /// <summary>Identifies a start of a gateway process.</summary>
    [Size(Max = 64)]
    public required string Process { get; init; }

    /// <summary>Weight epoch of the assignment.</summary>
    public required int Epoch { get; init; }

    /// <summary>Candidate weight of the epoch in per cent.</summary>
    public required int Weight { get; init; }

    /// <summary>True where the candidate got copies of stable's requests.</summary>
    public bool? Mirrored { get; init; }

    /// <summary>True where an engine counted what it answered, by its own counters; absent where a gateway counted what it assigned.</summary>
    public bool? OfEngine { get; init; }

    /// <summary>Counts of the stable release.</summary>
    public required TrackEvidence Stable { get; init; }

    /// <summary>Counts of the candidate.</summary>
    public required TrackEvidence Candidate { get; init; }
}

/// <summary>Counts of a weight epoch, over all gateways, at a time within it.</summary>
public sealed record EvidenceOnsetStatus
{
    /// <summary>Weight epoch that the counts are of.</summary>
    public required int Epoch { get; init; }

    /// <summary>Which time, from 0: 2^number minutes after the hold began.</summary>
    public required int Number { get; init; }

    /// <summary>Counts of the stable release.</summary>
    public required TrackEvidence Stable { get; init; }

    /// <summary>Counts of the candidate.</summary>
    public required TrackEvidence Candidate { get; init; }
}

/// <summary>What one engine process had counted when its counting began in a weight epoch.</summary>
public sealed record CounterStatus
{
    /// <summary>Identifies a start of an engine process.</summary>
    [Size(Max = 64)]
    public required string Process { get; init; }

    /// <summary>Weight epoch that is counted.</summary>
    public required int Epoch { get; init; }

    /// <summary>Requests that it had counted.</summary>
    public required long Requests { get; init; }

    /// <summary>Failed requests that it had counted.</summary>
    public required long Errors { get; init; }
}

/// <summary>Counts of one track. Every count is by the release that a request was assigned to, whoever answered it.</summary>
public sealed record TrackEvidence
{
    /// <summary>Requests that were assigned to the track.</summary>
    public long Requests { get; init; }

    /// <summary>Requests whose first attempt failed (5xx, connection, timeout, broken stream, empty answer), at most one per sticky unit.</summary>
    public long Errors { get; init; }

    /// <summary>Requests slower to their first token than each threshold taken from stable (p50, p75, p90, p95, p99), at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? SlowTtft { get; init; }

    /// <summary>Distinct sticky units assigned.</summary>
    public long? Units { get; init; }

    /// <summary>Requests with a longer time per output token than each threshold taken from stable (p50, p75, p90, p95, p99), at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? SlowTimePerOutputToken { get; init; }

    /// <summary>Answers with more output tokens than stable's p50, p90 and p99, at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? LongOutput { get; init; }

    /// <summary>Requests that cost more than stable's p50, p90 and p99, at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? Costly { get; init; }

    /// <summary>Answers that a guardrail blocked, at most one per sticky unit.</summary>
    public long? Blocked { get; init; }

    /// <summary>Answers that a user rated bad, at most one per sticky unit.</summary>
    public long? NegativeFeedback { get; init; }

    /// <summary>Counts against the absolute limits, those that were changed meanwhile included.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<OverLimitStatus>? OverLimit { get; init; }

    /// <summary>Requests whose prompt the candidate's template could not render, where stable's answer succeeded.</summary>
    public long? RenderFailures { get; init; }

    /// <summary>Requests that the engine refused as unauthorized, where stable's answer succeeded.</summary>
    public long? Unauthorized { get; init; }
}

/// <summary>How many requests broke one absolute limit.</summary>
public sealed record OverLimitStatus
{
    /// <summary>Metric and limit, such as <c>ttft:2</c> (seconds).</summary>
    [Size(Max = 64)]
    public required string Key { get; init; }

    /// <summary>Requests above the limit.</summary>
    public required long Over { get; init; }

    /// <summary>Requests that could have been.</summary>
    public required long Of { get; init; }
}
