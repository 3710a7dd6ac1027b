using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A ReplicaSet: the pods of one template of a Deployment.</summary>
public sealed record ReplicaSet : IResource<ReplicaSet>
{
    public static ResourceKind ResourceKind { get; } = new("apps", "v1", "ReplicaSet", "replicasets");

    public static JsonTypeInfo<ReplicaSet> JsonType => KubernetesJson.Default.ReplicaSet;

    public static JsonTypeInfo<ResourceList<ReplicaSet>> JsonListType => KubernetesJson.Default.ResourceListReplicaSet;

    public string? ApiVersion { get; init => field = value ?? "apps/v1"; } = "apps/v1";

    public string? Kind { get; init => field = value ?? "ReplicaSet"; } = "ReplicaSet";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public ReplicaSetSpec? Spec { get; init; }

    public ReplicaSetStatus? Status { get; init; }

    public ReplicaSet WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record ReplicaSetSpec
{
    public int? Replicas { get; init; }

    public LabelSelector? Selector { get; init; }

    public PodTemplateSpec? Template { get; init; }
}

public sealed record ReplicaSetStatus
{
    public int Replicas { get; init; }

    public int ReadyReplicas { get; init; }

    public int AvailableReplicas { get; init; }

    public long? ObservedGeneration { get; init; }
}
