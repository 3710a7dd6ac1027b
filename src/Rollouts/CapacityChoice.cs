namespace LlmOps.Rollouts;

/// <summary>How the pods of a candidate get room.</summary>
public enum CapacityPlan
{
    /// <summary>As a wish: the first of the others that works. As a choice: none works, and no pods are asked for.</summary>
    Auto,

    /// <summary>Beside all of stable's pods.</summary>
    Surge,

    /// <summary>Stable gives its replicas up one after the other, as the candidate takes its share of the requests, and never the last one.</summary>
    TakeFromStable,

    /// <summary>Stable's pods go first, then the candidate's start. Nobody serves in between, so it must be allowed.</summary>
    Recreate,
}

/// <summary>What was chosen for a rollout, and what it has come to.</summary>
/// <param name="Plan">Auto: nothing fits, the rollout waits.</param>
/// <param name="Fits">Whether there was room by the facts. Where there was not, pods are asked for only by a first release and by a spec that says Surge.</param>
/// <param name="SurgeReplicas">Most replicas of the candidate beside all of stable's; null for no limit.</param>
/// <param name="GivenPerReplica">Stable replicas that make room for one of the candidate, 1 or more.</param>
/// <param name="Given">Stable replicas given up so far.</param>
/// <param name="GpusPerReplica">GPUs of one replica of the candidate.</param>
/// <param name="Message">Why, with the numbers.</param>
/// <param name="At">When it was chosen.</param>
public sealed record CapacityChoice(
    CapacityPlan Plan, bool Fits, int? SurgeReplicas, int GivenPerReplica, int Given, int GpusPerReplica, string Message, DateTimeOffset At);

/// <summary>What room there is for the pods of a release, worked out without its own pods and those that are about to go.</summary>
/// <param name="ServingHash">Pods that it was worked out for.</param>
/// <param name="Fits">How many replicas fit when 0, 1, 2, … replicas of stable are gone; at most as many as are asked for. The last is without any of stable's.</param>
/// <param name="Arithmetic">The numbers in words, such as <c>a replica needs 2 nvidia.com/gpu; …</c>.</param>
public sealed record CapacityObservation(string ServingHash, EquatableArray<int> Fits, string Arithmetic);

/// <summary>How far the start of a pod is.</summary>
public enum StartPhase
{
    /// <summary>No pod has a node.</summary>
    Scheduling,

    /// <summary>A pod has a node, and its container does not run yet.</summary>
    ImagePull,

    /// <summary>A container runs or ran, and the engine is not ready: weights, compilation.</summary>
    Load,

    /// <summary>A pod is ready and has not answered a warm-up request.</summary>
    WarmUp,
}

/// <summary>Longest time that a candidate's first pod may spend in each phase of its start.</summary>
public sealed record StartDeadlines(TimeSpan Scheduling, TimeSpan ImagePull, TimeSpan Load, TimeSpan WarmUp)
{
    public static StartDeadlines Default { get; } = new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(5));

    public TimeSpan Of(StartPhase phase) => phase switch
    {
        StartPhase.Scheduling => Scheduling,
        StartPhase.ImagePull => ImagePull,
        StartPhase.Load => Load,
        _ => WarmUp,
    };
}

/// <summary>The phase that the candidate's furthest pod is in, and since when.</summary>
public sealed record StartProgress(StartPhase Phase, DateTimeOffset Since);
