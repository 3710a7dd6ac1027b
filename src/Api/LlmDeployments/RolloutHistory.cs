using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>A RolloutAction that was handled.</summary>
public sealed record ActionRecord
{
    /// <summary>Uid of the RolloutAction.</summary>
    [Size(Max = 64)]
    public required string Id { get; init; }

    /// <summary>Name of the RolloutAction.</summary>
    [Size(Max = 253)]
    public required string Name { get; init; }

    /// <summary>What it asked for.</summary>
    [Size(Max = 32)]
    public required string Action { get; init; }

    /// <summary>What became of it: Applied or Refused.</summary>
    [Size(Max = 32)]
    public required string Outcome { get; init; }

    /// <summary>What was done, or why it was refused.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>Who asked, by the RolloutAction's own word.</summary>
    [Size(Max = 253)]
    public string? By { get; init; }

    /// <summary>When it was handled.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>One rollout that ended.</summary>
public sealed record HistoryEntry
{
    /// <summary>Id of the rollout, which its RolloutRecord is named by.</summary>
    [Size(Max = 64)]
    public required string Id { get; init; }

    /// <summary>Release that was tried.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Promoted, Reverted or Superseded.</summary>
    [Size(Max = 64)]
    public required string Outcome { get; init; }

    /// <summary>Why, as a word.</summary>
    [Size(Max = 128)]
    public required string Reason { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>When the rollout started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When the rollout ended.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>Highest weight that the candidate had, in per cent.</summary>
    public required int MaxWeight { get; init; }

    /// <summary>Requests that were assigned to the candidate.</summary>
    public required long CandidateRequests { get; init; }

    /// <summary>From the first bad event to the decision to revert; absent where there was neither.</summary>
    public Duration? TimeToDetect { get; init; }

    /// <summary>From the decision to revert to weight 0; absent where there was no weight to take.</summary>
    public Duration? TimeToRevert { get; init; }

    /// <summary>Who asked for the release, by the field manager of the write; absent where it is not known.</summary>
    [Size(Max = 256)]
    public string? Actor { get; init; }

    /// <summary>Name of its RolloutRecord; absent until that is known to be written.</summary>
    [Size(Max = 253)]
    public string? Record { get; init; }
}
