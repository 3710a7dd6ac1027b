namespace LlmOps.EngineEmulator;

/// <summary>What happened so far: <c>GET /admin/stats</c>.</summary>
public sealed record EmulatorStats
{
    public required string Model { get; init; }

    public string? Revision { get; init; }

    /// <summary>When the port opened.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Generation requests that were read, whatever became of them.</summary>
    public required long RequestsSeen { get; init; }

    /// <summary>Requests that generate now.</summary>
    public required int Running { get; init; }

    /// <summary>Requests that wait for a place in the batch.</summary>
    public required int Waiting { get; init; }

    /// <summary>Ended requests by outcome: <c>stop</c>, <c>length</c>, <c>abort</c>, <c>error</c>, <c>serverError</c>, <c>refused</c>, <c>broken</c>, <c>rejected</c>.</summary>
    public required IReadOnlyDictionary<string, long> Outcomes { get; init; }

    /// <summary>Injected faults by kind.</summary>
    public required IReadOnlyDictionary<string, long> InjectedFailures { get; init; }

    /// <summary>Null: none so far.</summary>
    public DateTimeOffset? FirstInjectedFailureAt { get; init; }

    public DateTimeOffset? LastInjectedFailureAt { get; init; }
}
