using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A pod that has a node: only what capacity arithmetic needs, so that all pods of a cluster can be kept. Never written.</summary>
public sealed record BoundPod : IResource<BoundPod>
{
    /// <summary>Selects pods that have a node and have not ended.</summary>
    public const string FieldSelector = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed";

    public static ResourceKind ResourceKind { get; } = Pod.ResourceKind;

    public static JsonTypeInfo<BoundPod> JsonType => KubernetesJson.Default.BoundPod;

    public static JsonTypeInfo<ResourceList<BoundPod>> JsonListType => KubernetesJson.Default.ResourceListBoundPod;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "Pod"; } = "Pod";

    /// <summary>Without labels, annotations and owners: they are most of a pod's size.</summary>
    public ObjectMeta Metadata { get; init => field = Trim(value); } = new();

    public BoundPodSpec? Spec { get; init; }

    public BoundPod WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };

    private static ObjectMeta Trim(ObjectMeta? metadata) => new()
    {
        Name = metadata?.Name,
        Namespace = metadata?.Namespace,
        Uid = metadata?.Uid,
        ResourceVersion = metadata?.ResourceVersion,
        CreationTimestamp = metadata?.CreationTimestamp,
        DeletionTimestamp = metadata?.DeletionTimestamp,
    };
}

public sealed record BoundPodSpec
{
    public string? NodeName { get; init; }

    public IReadOnlyList<BoundContainer> Containers { get; init => field = value ?? []; } = [];

    public IReadOnlyList<BoundContainer>? InitContainers { get; init; }

    /// <summary>What the pod takes besides its containers, by its runtime class.</summary>
    public IReadOnlyDictionary<string, string>? Overhead { get; init; }
}

public sealed record BoundContainer
{
    public ResourceRequirements? Resources { get; init; }

    /// <summary><c>Always</c> on an init container makes it a sidecar, which runs beside the others.</summary>
    public string? RestartPolicy { get; init; }
}
