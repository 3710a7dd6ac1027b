using LlmOps.Kubernetes.Schema;

namespace LlmOps.Testing.ApiServer.Resources;

/// <summary>
/// What the server must know about a resource to serve it: the same facts that a CustomResourceDefinition states. One
/// value per served version.
/// </summary>
internal sealed record ResourceDefinition
{
    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Kind { get; init; }

    public required string Plural { get; init; }

    public bool Namespaced { get; init; } = true;

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Status is a subresource: writes to the object ignore it, writes to the subresource ignore all else.</summary>
    public bool HasStatus { get; init; }

    /// <summary>Nodes alone may bring their status when they are created.</summary>
    public bool KeepsStatusOnCreate { get; init; }

    public bool TracksGeneration { get; init; }

    public ScaleDefinition? Scale { get; init; }

    /// <summary>Structural schema of a custom resource; null for built-in kinds, which are not validated in depth.</summary>
    public StructuralSchema? Schema { get; init; }

    /// <summary>How server-side apply merges objects of this kind.</summary>
    public required Apply.MergeSchema MergeSchema { get; init; }

    public bool IsCustom => Schema is not null;

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The key of the objects in storage: the version is only a way to look at them.</summary>
    public string GroupResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

/// <summary>JSON paths of the scale subresource, as in a CRD: <c>.spec.replicas</c>.</summary>
internal sealed record ScaleDefinition(string SpecReplicasPath, string StatusReplicasPath, string? LabelSelectorPath)
{
    /// <summary>Where built-in workloads keep them; their selector is an object, not text.</summary>
    public static ScaleDefinition Workload { get; } = new(".spec.replicas", ".status.replicas", ".spec.selector");
}
