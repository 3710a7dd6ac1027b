namespace LlmOps.Rollouts;

/// <summary>What the spec asks for, worked out anew for every decision.</summary>
public sealed record RolloutPlan
{
    /// <summary>Release of the spec; null while it cannot be worked out (a prompt that does not exist, say). Then nothing new starts and what runs goes on.</summary>
    public required Release? Desired { get; init; }

    /// <summary>Why <see cref="Desired"/> is null, as a word.</summary>
    public string? UnresolvedReason { get; init; }

    /// <summary>Why <see cref="Desired"/> is null and what to do, in a sentence.</summary>
    public string? UnresolvedMessage { get; init; }

    /// <summary>What a candidate goes through, in order. After the last step it is promoted.</summary>
    public required EquatableArray<Step> Steps { get; init; }

    public AnalysisPlan Analysis { get; init; } = new();

    /// <summary>Checks of live metrics, each with a name of its own.</summary>
    public EquatableArray<CheckPlan> Checks { get; init; }

    /// <summary>Replicas that 100 % of the traffic needs, 0 or more.</summary>
    public required int Replicas { get; init; }

    /// <summary>Whether an autoscaler writes <see cref="Replicas"/>; false where a person does.</summary>
    public bool IsAutoscaled { get; init; }

    /// <summary>Most replicas that a person allows the autoscaler; null where nothing autoscales.</summary>
    public int? MaxReplicas { get; init; }

    /// <summary>GPUs of one replica; 0 where a replica needs none, and then no surge cap applies.</summary>
    public int GpusPerReplica { get; init; }

    /// <summary>Most GPUs that a candidate may use besides stable's own; null for no cap.</summary>
    public int? MaxSurgeGpus { get; init; }

    /// <summary>Stable replicas that may be given up for the candidate before the steps are done, where the surge does not do. Never the last one; null: all but the last.</summary>
    public int? MaxUnavailable { get; init; }

    /// <summary>How the candidate is to get room.</summary>
    public CapacityPlan Capacity { get; init; } = CapacityPlan.Auto;

    /// <summary>Whether nobody may serve for a while, so that stable's pods can make room: <see cref="CapacityPlan.Recreate"/>.</summary>
    public bool AllowDowntime { get; init; }

    /// <summary>Deadlines of the start of the candidate's first pod. <see cref="ProgressDeadline"/> bounds all of it.</summary>
    public StartDeadlines StartDeadlines { get; init; } = StartDeadlines.Default;

    /// <summary>Longest time that a step may wait (for pods, a verdict, requests, evidence) before the candidate is reverted.</summary>
    public TimeSpan ProgressDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a candidate that has gone through all steps keeps <see cref="BakeWeightPercent"/> before it is promoted; zero for no bake.</summary>
    public TimeSpan Bake { get; init; }

    /// <summary>The candidate's share while it bakes, in per cent, 1 to 100. The weight of the step before holds where that is more.</summary>
    public int BakeWeightPercent { get; init; } = 95;

    /// <summary>What happens at a deadline that evidence, a gate or a person did not make. A candidate without the pods for its step is reverted in any case.</summary>
    public OnInconclusive OnInconclusive { get; init; }

    /// <summary>How long pods that no longer serve are kept.</summary>
    public TimeSpan ScaleDownDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after <see cref="ScaleDownDelay"/> pods with requests in flight are kept at most; zero: no longer than the delay.</summary>
    public TimeSpan DrainDeadline { get; init; }

    /// <summary>True: nothing starts and nothing moves forward; reverts go on. A step that was paused starts its hold and its deadline again.</summary>
    public bool Paused { get; init; }

    /// <summary>metadata.generation of the spec.</summary>
    public required long Generation { get; init; }
}

/// <summary>What to do when the deadline of a step has passed without a clear answer.</summary>
public enum OnInconclusive
{
    /// <summary>Revert and lock.</summary>
    Revert,

    /// <summary>Stay and ask for a decision. A late pass still moves on, a late failure still reverts.</summary>
    Hold,
}
