using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Which pods are to fit, and which of the LlmDeployment's own are there.</summary>
internal sealed record CapacityQuestion
{
    /// <summary>Who asks.</summary>
    public required ObjectKey Deployment { get; init; }

    /// <summary>The pod that is to fit.</summary>
    public required PodSpec Candidate { get; init; }

    /// <summary>Its extended resource, such as <c>nvidia.com/gpu</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>Replicas that are asked for, 1 or more.</summary>
    public required int Wanted { get; init; }

    /// <summary>Pod of stable; null where nothing serves yet.</summary>
    public PodSpec? Stable { get; init; }

    /// <summary>Replicas that stable is to have; those that have no node yet come before the candidate.</summary>
    public int StableReplicas { get; init; }

    /// <summary>Stable's pods that exist.</summary>
    public IReadOnlySet<ObjectKey> StablePods { get; init; } = new HashSet<ObjectKey>();

    /// <summary>Further pods of the LlmDeployment: the candidate's own and those that retire. What they hold is free for the candidate.</summary>
    public IReadOnlyList<Pod> LeavingPods { get; init; } = [];
}

/// <summary>What the caches say of the cluster, as far as capacity goes.</summary>
internal sealed record ClusterFacts
{
    /// <summary>The nodes with what is on them, by name.</summary>
    public required IReadOnlyList<NodeLoad> Nodes { get; init; }

    /// <summary>ResourceQuotas of the namespace of who asks.</summary>
    public IReadOnlyList<ResourceQuota> Quotas { get; init; } = [];

    /// <summary>What other LlmDeployments were promised.</summary>
    public IReadOnlyList<Claim> Claims { get; init; } = [];
}
