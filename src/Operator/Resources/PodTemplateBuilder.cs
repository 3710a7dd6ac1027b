using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Resources;

/// <summary>The pod template of a release: what is the same for all engines, around what the engine's adapter says.</summary>
internal static class PodTemplateBuilder
{
    /// <summary>Name of the engine's container.</summary>
    public const string ContainerName = "engine";

    /// <summary>Node label that <c>resources.gpu.product</c> is matched against.</summary>
    private const string GpuProductLabel = "nvidia.com/gpu.product";

    private const string CacheVolume = "cache";
    private const string ModelsVolume = "models";
    private const string WeightsVolume = "weights";
    private const string SharedMemoryVolume = "shm";
    private const string TemporaryVolume = "tmp";

    /// <summary>How long a stopped pod goes on answering, so that everybody learns that it leaves: seconds.</summary>
    private const int EndpointPropagationSeconds = 5;

    /// <summary>What is left after the drain for the process to end: seconds.</summary>
    private const int ExitSeconds = 5;

    public static PodTemplateSpec Build(string deployment, string servingHash, ReleaseSnapshot release, IEngine engine, EngineContainer container)
    {
        var overrides = release.PodTemplate;
        var drainSeconds = release.Engine.DrainSeconds ?? Defaults.DrainSeconds;
        return new PodTemplateSpec
        {
            Metadata = new ObjectMeta
            {
                Labels = Merge(overrides?.Labels, OwnedMetadata.Labels(deployment, servingHash)),
                Annotations = overrides?.Annotations is { Count: > 0 } annotations ? annotations : null,
            },
            Spec = new PodSpec
            {
                Containers = [Container(release, engine, container, drainSeconds)],
                Volumes = Volumes(release, container),
                NodeSelector = NodeSelector(release),
                Tolerations = overrides?.Tolerations,
                Affinity = overrides?.Affinity,
                PriorityClassName = overrides?.PriorityClassName,
                RuntimeClassName = overrides?.RuntimeClassName,
                ServiceAccountName = overrides?.ServiceAccountName,
                ImagePullSecrets = overrides?.ImagePullSecrets,
                AutomountServiceAccountToken = false,
                // A Service named vllm would inject VLLM_PORT=tcp://… and break the start.
                EnableServiceLinks = false,
                TerminationGracePeriodSeconds = EndpointPropagationSeconds + drainSeconds + ExitSeconds,
                SecurityContext = PodSecurity.Pod,
            },
        };
    }

    private static Container Container(ReleaseSnapshot release, IEngine engine, EngineContainer container, int drainSeconds) => new()
    {
        Name = ContainerName,
        Image = container.Image,
        Args = [.. container.Args, .. release.Engine.ExtraArgs ?? []],
        Env = Environment(release, container),
        Ports = [new ContainerPort { Name = EngineSettings.PortName, Number = engine.Port, Protocol = "TCP" }],
        Resources = Resources(release.Resources),
        VolumeMounts = Mounts(release, container),
        StartupProbe = container.Startup,
        ReadinessProbe = container.Readiness,
        LivenessProbe = container.Liveness,
        // An engine that aborts on SIGTERM gets its drain time before the signal: it is out of all endpoints by then and finishes what runs.
        Lifecycle = new Lifecycle
        {
            PreStop = new LifecycleHandler
            {
                Sleep = new SleepAction { Seconds = container.DrainsOnSigterm ? EndpointPropagationSeconds : EndpointPropagationSeconds + drainSeconds },
            },
        },
        SecurityContext = PodSecurity.Engine,
    };

    private static List<EnvVar> Environment(ReleaseSnapshot release, EngineContainer container)
    {
        List<EnvVar> variables =
        [
            // An unknown user has no home, and Python looks its name up (torch's compile cache).
            new() { Name = "HOME", Value = EngineSettings.CacheRoot },
            new() { Name = "USER", Value = "llmops" },
            .. container.Env,
        ];
        foreach (var own in release.Engine.Env ?? [])
        {
            variables.RemoveAll(variable => variable.Name == own.Name);
            variables.Add(new EnvVar
            {
                Name = own.Name,
                Value = own.Value,
                ValueFrom = own.SecretKeyRef is { } secret ? new EnvVarSource { SecretKeyRef = new KeySelector { Name = secret.Name, Key = secret.Key } } : null,
            });
        }

        return variables;
    }

    private static ResourceRequirements? Resources(ResourcesSpec? resources)
    {
        if (resources is null)
            return null;
        var requests = new Dictionary<string, string>(StringComparer.Ordinal);
        var limits = new Dictionary<string, string>(StringComparer.Ordinal);
        if (resources.Cpu is { } cpu)
            requests["cpu"] = cpu;
        if (resources.Memory is { } memory)
            requests["memory"] = limits["memory"] = memory;
        if (resources.GpuCount() is > 0 and var gpus)
            requests[GpuResource(resources)] = limits[GpuResource(resources)] = gpus.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new ResourceRequirements { Requests = requests.Count > 0 ? requests : null, Limits = limits.Count > 0 ? limits : null };
    }

    /// <summary>The extended resource that a replica's GPUs are requested as.</summary>
    public static string GpuResource(ResourcesSpec? resources) => resources?.Gpu?.ResourceName ?? Defaults.GpuResourceName;

    private static List<Volume> Volumes(ReleaseSnapshot release, EngineContainer container)
    {
        var cache = release.Model.Cache;
        List<Volume> volumes =
        [
            new() { Name = CacheVolume, EmptyDir = new EmptyDirVolume { SizeLimit = cache?.EmptyDir?.SizeLimit } },
            new() { Name = TemporaryVolume, EmptyDir = new EmptyDirVolume() },
        ];
        if (cache?.PersistentVolumeClaim is { } claim)
            volumes.Add(new() { Name = ModelsVolume, PersistentVolumeClaim = new PersistentVolumeClaimVolume { ClaimName = claim.ClaimName } });
        if (ModelLocation.Parse(release.Model.Source).ClaimName is { } weights)
            volumes.Add(new() { Name = WeightsVolume, PersistentVolumeClaim = new PersistentVolumeClaimVolume { ClaimName = weights, ReadOnly = true } });
        if (SharedMemory(release, container) is { } size)
            volumes.Add(new() { Name = SharedMemoryVolume, EmptyDir = new EmptyDirVolume { Medium = "Memory", SizeLimit = size } });
        return volumes;
    }

    private static List<VolumeMount> Mounts(ReleaseSnapshot release, EngineContainer container)
    {
        List<VolumeMount> mounts =
        [
            new() { Name = CacheVolume, MountPath = EngineSettings.CacheRoot },
            new() { Name = TemporaryVolume, MountPath = "/tmp" },
        ];
        if (release.Model.Cache?.PersistentVolumeClaim is not null)
            mounts.Add(new() { Name = ModelsVolume, MountPath = EngineSettings.HuggingFaceHome });
        if (ModelLocation.Parse(release.Model.Source).ClaimName is not null)
            mounts.Add(new() { Name = WeightsVolume, MountPath = ModelLocation.MountPath, ReadOnly = true });
        if (SharedMemory(release, container) is not null)
            mounts.Add(new() { Name = SharedMemoryVolume, MountPath = "/dev/shm" });
        return mounts;
    }

    private static string? SharedMemory(ReleaseSnapshot release, EngineContainer container) => release.Resources?.SharedMemory ?? container.SharedMemory;

    private static IReadOnlyDictionary<string, string>? NodeSelector(ReleaseSnapshot release)
    {
        var selector = release.PodTemplate?.NodeSelector;
        return release.Resources?.Gpu?.Product is { } product
            ? Merge(selector, new Dictionary<string, string>(StringComparer.Ordinal) { [GpuProductLabel] = product })
            : selector;
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string>? theirs, Dictionary<string, string> ours)
    {
        var merged = theirs is null ? new(StringComparer.Ordinal) : new Dictionary<string, string>(theirs, StringComparer.Ordinal);
        foreach (var (key, value) in ours)
            merged[key] = value;
        return merged;
    }
}
