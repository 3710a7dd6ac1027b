using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>What is, written by the operator. Gateways route by it.</summary>
public sealed record LlmDeploymentStatus
{
    /// <summary>Generation of the spec that this status was worked out for.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Pending, Progressing, Healthy or Degraded.</summary>
    [Size(Max = 64)]
    public string? Phase { get; init; }

    /// <summary>Conditions: Ready, Reconciling, Stalled, Degraded, GatePassed, MetricsAvailable, CapacityAvailable, and RouteAccepted with an HTTPRoute or a VirtualService.</summary>
    [ListType("map", "type")]
    [Size(Max = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }

    /// <summary>The release that serves.</summary>
    public ReleaseStatus? Stable { get; init; }

    /// <summary>The release being tried; absent while none is.</summary>
    public ReleaseStatus? Candidate { get; init; }

    /// <summary>The rollout that runs, or the last one.</summary>
    public RolloutStatus? Rollout { get; init; }

    /// <summary>The rollout before, where its RolloutRecord is not known to be written yet.</summary>
    public RolloutStatus? PreviousRollout { get; init; }

    /// <summary>Releases that failed. They are not tried again until the spec changes.</summary>
    [Size(Max = 20)]
    public IReadOnlyList<FailedRelease>? FailedReleases { get; init; }

    /// <summary>Rollouts that ended, newest first.</summary>
    [Size(Max = 10)]
    public IReadOnlyList<HistoryEntry>? History { get; init; }

    /// <summary>Releases that no longer serve and whose pods are not gone yet.</summary>
    [Size(Max = 10)]
    public IReadOnlyList<RetiringRelease>? Retiring { get; init; }

    /// <summary>Who paused by a RolloutAction; absent while nobody does.</summary>
    [Size(Max = 600)]
    public string? PausedBy { get; init; }

    /// <summary>RolloutActions that were handled, oldest first. Written together with their effect, so that none is done twice.</summary>
    [Size(Max = 20)]
    public IReadOnlyList<ActionRecord>? Actions { get; init; }

    /// <summary>Replicas that exist, of both tracks; read by the scale subresource.</summary>
    public int? Replicas { get; init; }

    /// <summary>Replicas that are ready, of both tracks.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>Label selector of the pods, in text form; read by the scale subresource.</summary>
    [Size(Max = 1024)]
    public string? Selector { get; init; }
}
