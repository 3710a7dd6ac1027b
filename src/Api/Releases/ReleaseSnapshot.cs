namespace LlmOps.Api;

/// <summary>
/// Everything that makes a release, with all defaults filled in: kept as the data of a ControllerRevision, so that a release
/// can be rebuilt and compared when the spec has moved on.
/// </summary>
public sealed record ReleaseSnapshot
{
    /// <summary>Model, with its served name.</summary>
    public required ModelSpec Model { get; init; }

    /// <summary>Engine, with its image.</summary>
    public required EngineSpec Engine { get; init; }

    /// <summary>Resources of one replica; null where none are asked for.</summary>
    public ResourcesSpec? Resources { get; init; }

    /// <summary>Pod template overrides; null where there are none.</summary>
    public PodTemplateOverrides? PodTemplate { get; init; }

    /// <summary>Prompt; null where the release has none.</summary>
    public PromptReference? Prompt { get; init; }

    /// <summary><see cref="PromptContent.Hash"/> of the prompt; null where the release has none.</summary>
    public string? PromptContentHash { get; init; }

    /// <summary>Further artifacts; null where there are none.</summary>
    public IReadOnlyList<ArtifactSpec>? Artifacts { get; init; }

    /// <summary>Takes the release out of a spec and fills in every default, so that a value left out and the same value given are equal.</summary>
    /// <param name="name">Name of the LlmDeployment: the default served name.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="defaultImage">Image of the engine where the spec names none. Part of the identity: a new operator with a new default image makes a new release.</param>
    /// <param name="promptContentHash"><see cref="PromptContent.Hash"/> of the PromptVersion that the spec names; null where it names none.</param>
    public static ReleaseSnapshot Of(string name, LlmDeploymentSpec spec, string defaultImage, string? promptContentHash) => new()
    {
        Model = spec.Model with { ServedName = spec.Model.ServedName ?? name, Cache = Normalize(spec.Model.Cache) },
        Engine = spec.Engine with
        {
            Image = spec.Engine.Image ?? defaultImage,
            TensorParallelSize = spec.Engine.TensorParallelSize ?? (Gpus(spec.Resources) is > 0 and var gpus ? gpus : null),
            ExtraArgs = NullIfEmpty(spec.Engine.ExtraArgs),
            Env = NullIfEmpty(spec.Engine.Env),
            DrainSeconds = spec.Engine.DrainSeconds ?? Defaults.DrainSeconds,
            StartupDeadline = spec.Engine.StartupDeadline ?? Defaults.StartupDeadline,
        },
        Resources = Normalize(spec.Resources),
        PodTemplate = Normalize(spec.PodTemplate),
        Prompt = spec.Prompt,
        PromptContentHash = promptContentHash,
        Artifacts = NullIfEmpty(spec.Artifacts?.OrderBy(a => a.Name, StringComparer.Ordinal).ToArray()),
    };

    private static int Gpus(ResourcesSpec? resources) => resources?.Gpu is { } gpu ? gpu.Count ?? Defaults.GpuCount : 0;

    // An emptyDir without a limit is what a pod gets anyway.
    private static ModelCacheSpec? Normalize(ModelCacheSpec? cache) =>
        cache is { PersistentVolumeClaim: null, EmptyDir: null or { SizeLimit: null } } ? null : cache;

    private static ResourcesSpec? Normalize(ResourcesSpec? resources)
    {
        if (resources?.Gpu is { } gpu)
            resources = resources with { Gpu = gpu with { Count = gpu.Count ?? Defaults.GpuCount, ResourceName = gpu.ResourceName ?? Defaults.GpuResourceName } };
        return resources == new ResourcesSpec() ? null : resources;
    }

    private static PodTemplateOverrides? Normalize(PodTemplateOverrides? overrides)
    {
        if (overrides is null)
            return null;
        overrides = overrides with
        {
            Labels = NullIfEmpty(overrides.Labels),
            Annotations = NullIfEmpty(overrides.Annotations),
            NodeSelector = NullIfEmpty(overrides.NodeSelector),
            Tolerations = NullIfEmpty(overrides.Tolerations),
            ImagePullSecrets = NullIfEmpty(overrides.ImagePullSecrets),
        };
        return overrides == new PodTemplateOverrides() ? null : overrides;
    }

    private static IReadOnlyList<T>? NullIfEmpty<T>(IReadOnlyList<T>? list) => list is { Count: > 0 } ? list : null;

    private static IReadOnlyDictionary<string, string>? NullIfEmpty(IReadOnlyDictionary<string, string>? map) => map is { Count: > 0 } ? map : null;
}
