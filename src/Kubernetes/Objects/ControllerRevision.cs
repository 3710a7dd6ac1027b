using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>An immutable snapshot of a state, as StatefulSets keep their revisions: <c>data</c> never changes once written.</summary>
public sealed record ControllerRevision : IResource<ControllerRevision>
{
    public static ResourceKind ResourceKind { get; } = new("apps", "v1", "ControllerRevision", "controllerrevisions");

    public static JsonTypeInfo<ControllerRevision> JsonType => KubernetesJson.Default.ControllerRevision;

    public static JsonTypeInfo<ResourceList<ControllerRevision>> JsonListType => KubernetesJson.Default.ResourceListControllerRevision;

    public string? ApiVersion { get; init => field = value ?? "apps/v1"; } = "apps/v1";

    public string? Kind { get; init => field = value ?? "ControllerRevision"; } = "ControllerRevision";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The snapshot: any JSON object.</summary>
    public RawJson? Data { get; init; }

    public long Revision { get; init; }

    public ControllerRevision WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}
