namespace LlmOps.Rollouts;

/// <summary>What is known about the world, as facts. A read that failed is a fact too.</summary>
public sealed record Observation
{
    /// <summary>Pods by serving hash; a hash that is missing has none.</summary>
    public EquatableArray<PodsObservation> Pods { get; init; }

    /// <summary>Gates of the current rollout.</summary>
    public EquatableArray<GateObservation> Gates { get; init; }

    /// <summary>Counts of the current rollout.</summary>
    public EvidenceObservation Evidence { get; init; } = EvidenceObservation.None;

    /// <summary>The newest sample of each check; a check that is missing has none.</summary>
    public EquatableArray<CheckObservation> Checks { get; init; }

    /// <summary>How requests that pass no gateway of ours are split; null where none of them is known of.</summary>
    public TrafficObservation? Traffic { get; init; }

    /// <summary>Counters that processes keep over their whole life, whatever the weights are. Each is counted from its first reading within a hold.</summary>
    public EquatableArray<CounterReading> Counters { get; init; }

    /// <summary>Records of ended rollouts that are known to be written. A rollout is kept whole until its own is among them.</summary>
    public EquatableArray<WrittenRecord> Records { get; init; }

    /// <summary>Who wrote the spec; null where it is not known.</summary>
    public string? Actor { get; init; }

    /// <summary>Room for the release that is tried or about to be; null where nobody asked, since it only matters before the first weight.</summary>
    public CapacityObservation? Capacity { get; init; }

    /// <summary>What people ask and is not answered yet, oldest first.</summary>
    public EquatableArray<RequestedAction> Actions { get; init; }

    /// <summary>Releases that could serve again; gathered only where an action asks to go back to one.</summary>
    public EquatableArray<KnownRelease> Known { get; init; }

    /// <summary>Id for a rollout that starts in this decision, 8 hexadecimal characters. Randomness is a parameter.</summary>
    public required string NewRolloutId { get; init; }
}

/// <summary>Pods of one serving hash.</summary>
/// <param name="Desired">Replicas asked for at present.</param>
/// <param name="Ready">Pods that are ready.</param>
/// <param name="WarmedUp">Ready pods that answered a warm-up request.</param>
/// <param name="Problem">Why pods are not ready, where it is known.</param>
/// <param name="InFlight">Requests that run or wait in the pods, by the engine's own count; null where it is not known, which is not the same as 0. Asked of retiring pods only.</param>
/// <param name="Start">How far the furthest of the pods is; matters only until one has answered.</param>
/// <param name="Unauthorized">Ready pods that refused the credentials of the last warm-up request.</param>
/// <param name="Listed">Ready pods that the Service lists as ready endpoints, so that requests find them; null where nobody asked. Asked of a candidate only.</param>
public sealed record PodsObservation(
    string ServingHash, int Desired, int Ready, int WarmedUp, Problem? Problem = null, int? InFlight = null, StartPhase Start = StartPhase.Scheduling, int Unauthorized = 0, int? Listed = null);

/// <summary>Something that a person can act on.</summary>
/// <param name="Reason">A word, such as InsufficientGpus.</param>
/// <param name="Message">A sentence.</param>
public sealed record Problem(string Reason, string Message);

/// <summary>A record of a rollout that ended.</summary>
/// <param name="Name">Name of the record.</param>
public sealed record WrittenRecord(string RolloutId, string Name);

/// <summary>An evaluation of the current rollout.</summary>
/// <param name="Verdict">Null while there is none.</param>
/// <param name="Reason">Without a verdict: why, such as GateNotFound; empty while the evaluation simply runs.</param>
/// <param name="Message">The numbers of the verdict, or the reason in a sentence. Every change of it is a write.</param>
public sealed record GateObservation(string Gate, int StepIndex, int Attempt, string RolloutId, Verdict? Verdict, string Reason, string Message);

/// <summary>What the gateways answered.</summary>
/// <param name="ProviderError">Which source could not be read and why; null when all could. The rows of the others still count against a candidate, never for it.</param>
/// <param name="RolloutId">Rollout that the rows belong to; rows of another one than the current are left out. Null: of the current one.</param>
public sealed record EvidenceObservation(string? ProviderError, EquatableArray<EvidenceRow> Rows, string? RolloutId = null)
{
    public static EvidenceObservation None { get; } = new(null, []);

    /// <summary>What answers of that rollout were like lately; null where no gateway tells it.</summary>
    public RecentAnswers? RecentAnswers { get; init; }
}

/// <summary>A split that follows the weights with a delay and may refuse them, as a router of another project does.</summary>
/// <param name="WeightPercent">The candidate's share that is in effect, as far as the router says; null while it does not say, or it differs between its parts.</param>
/// <param name="Problem">Why no other weight can take effect now; null where nothing stands in the way. Names what is missing and not how far it has come.</param>
/// <param name="Reachable">Serving hashes whose pods such requests may still reach; these pods are kept.</param>
public sealed record TrafficObservation(int? WeightPercent, Problem? Problem, EquatableArray<string> Reachable = default);

/// <summary>What one process has counted since it started.</summary>
/// <param name="Process">Identifies a start of the process, at most 64 characters.</param>
/// <param name="IsCandidate">Whether it runs the candidate; else stable.</param>
/// <param name="Requests">Requests that it answered, well or badly.</param>
/// <param name="Errors">Those of them that failed by its own fault; 0 where it does not tell.</param>
/// <param name="ReadAt">When it was asked.</param>
public sealed record CounterReading(string Process, bool IsCandidate, long Requests, long Errors, DateTimeOffset ReadAt);
