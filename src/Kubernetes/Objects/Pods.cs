using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A Pod.</summary>
public sealed record Pod : IResource<Pod>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "Pod", "pods");

    public static JsonTypeInfo<Pod> JsonType => KubernetesJson.Default.Pod;

    public static JsonTypeInfo<ResourceList<Pod>> JsonListType => KubernetesJson.Default.ResourceListPod;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "Pod"; } = "Pod";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public PodSpec? Spec { get; init; }

    public PodStatus? Status { get; init; }

    public Pod WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record PodTemplateSpec
{
    public ObjectMeta? Metadata { get; init; }

    public PodSpec? Spec { get; init; }
}

/// <summary>The part of a pod spec that we set; what users may override opaquely is kept as JSON.</summary>
public sealed record PodSpec
{
    public IReadOnlyList<Container> Containers { get; init => field = value ?? []; } = [];

    public IReadOnlyList<Container>? InitContainers { get; init; }

    public IReadOnlyList<Volume>? Volumes { get; init; }

    /// <summary><c>Always</c>, <c>OnFailure</c> or <c>Never</c>.</summary>
    public string? RestartPolicy { get; init; }

    public string? NodeName { get; init; }

    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    public JsonElement? Affinity { get; init; }

    public JsonElement? TopologySpreadConstraints { get; init; }

    public string? PriorityClassName { get; init; }

    public string? RuntimeClassName { get; init; }

    /// <summary>What the pod takes besides its containers; set by the API server, from its runtime class.</summary>
    public IReadOnlyDictionary<string, string>? Overhead { get; init; }

    public string? ServiceAccountName { get; init; }

    public bool? AutomountServiceAccountToken { get; init; }

    public bool? EnableServiceLinks { get; init; }

    public long? TerminationGracePeriodSeconds { get; init; }

    public IReadOnlyList<LocalObjectReference>? ImagePullSecrets { get; init; }

    public PodSecurityContext? SecurityContext { get; init; }
}

/// <summary>A taint that a pod may be scheduled on in spite of.</summary>
public sealed record Toleration
{
    /// <summary>Key of the taint. Empty together with the operator <c>Exists</c>: every taint.</summary>
    public string? Key { get; init; }

    /// <summary><c>Equal</c> (the default) or <c>Exists</c>.</summary>
    public string? Operator { get; init; }

    /// <summary>Value of the taint, for <c>Equal</c>.</summary>
    public string? Value { get; init; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>. Empty: all.</summary>
    public string? Effect { get; init; }

    /// <summary>Seconds that a pod stays on a node with a <c>NoExecute</c> taint. Default: for ever.</summary>
    public long? TolerationSeconds { get; init; }
}

public sealed record PodSecurityContext
{
    public bool? RunAsNonRoot { get; init; }

    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public long? FsGroup { get; init; }

    public SeccompProfile? SeccompProfile { get; init; }
}

public sealed record SeccompProfile
{
    public required string Type { get; init; }
}

public sealed record Container
{
    public required string Name { get; init; }

    public string? Image { get; init; }

    public string? ImagePullPolicy { get; init; }

    public IReadOnlyList<string>? Command { get; init; }

    public IReadOnlyList<string>? Args { get; init; }

    public string? WorkingDir { get; init; }

    public IReadOnlyList<EnvVar>? Env { get; init; }

    public IReadOnlyList<ContainerPort>? Ports { get; init; }

    public ResourceRequirements? Resources { get; init; }

    /// <summary><c>Always</c> on an init container makes it a sidecar, which runs beside the others.</summary>
    public string? RestartPolicy { get; init; }

    public IReadOnlyList<VolumeMount>? VolumeMounts { get; init; }

    public Probe? StartupProbe { get; init; }

    public Probe? ReadinessProbe { get; init; }

    public Probe? LivenessProbe { get; init; }

    public Lifecycle? Lifecycle { get; init; }

    public ContainerSecurityContext? SecurityContext { get; init; }
}

public sealed record ContainerSecurityContext
{
    public bool? AllowPrivilegeEscalation { get; init; }

    public bool? ReadOnlyRootFilesystem { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public Capabilities? Capabilities { get; init; }
}

public sealed record Capabilities
{
    public IReadOnlyList<string>? Drop { get; init; }
}

public sealed record EnvVar
{
    public required string Name { get; init; }

    public string? Value { get; init; }

    public EnvVarSource? ValueFrom { get; init; }
}

public sealed record EnvVarSource
{
    public KeySelector? SecretKeyRef { get; init; }

    public KeySelector? ConfigMapKeyRef { get; init; }

    public FieldSelector? FieldRef { get; init; }
}

public sealed record KeySelector
{
    public required string Name { get; init; }

    public required string Key { get; init; }

    public bool? Optional { get; init; }
}

public sealed record FieldSelector
{
    public required string FieldPath { get; init; }
}

public sealed record ContainerPort
{
    public string? Name { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("containerPort")]
    public int Number { get; init; }

    public string? Protocol { get; init; }
}

public sealed record ResourceRequirements
{
    public IReadOnlyDictionary<string, string>? Requests { get; init; }

    public IReadOnlyDictionary<string, string>? Limits { get; init; }
}

public sealed record VolumeMount
{
    public required string Name { get; init; }

    public required string MountPath { get; init; }

    public string? SubPath { get; init; }

    public bool? ReadOnly { get; init; }
}

public sealed record Volume
{
    public required string Name { get; init; }

    public EmptyDirVolume? EmptyDir { get; init; }

    public ConfigMapVolume? ConfigMap { get; init; }

    public SecretVolume? Secret { get; init; }

    public PersistentVolumeClaimVolume? PersistentVolumeClaim { get; init; }

    public JsonElement? Image { get; init; }

    public JsonElement? HostPath { get; init; }

    public JsonElement? Projected { get; init; }
}

public sealed record EmptyDirVolume
{
    /// <summary><c>Memory</c> for a tmpfs.</summary>
    public string? Medium { get; init; }

    public string? SizeLimit { get; init; }
}

public sealed record ConfigMapVolume
{
    public string? Name { get; init; }

    public IReadOnlyList<KeyToPath>? Items { get; init; }

    public bool? Optional { get; init; }
}

public sealed record SecretVolume
{
    public string? SecretName { get; init; }

    public IReadOnlyList<KeyToPath>? Items { get; init; }

    public bool? Optional { get; init; }
}

public sealed record KeyToPath
{
    public required string Key { get; init; }

    public required string Path { get; init; }
}

public sealed record PersistentVolumeClaimVolume
{
    public required string ClaimName { get; init; }

    public bool? ReadOnly { get; init; }
}

public sealed record Probe
{
    public HttpGetAction? HttpGet { get; init; }

    public TcpSocketAction? TcpSocket { get; init; }

    public ExecAction? Exec { get; init; }

    public int? InitialDelaySeconds { get; init; }

    public int? PeriodSeconds { get; init; }

    public int? TimeoutSeconds { get; init; }

    public int? FailureThreshold { get; init; }

    public int? SuccessThreshold { get; init; }
}

public sealed record HttpGetAction
{
    public string? Path { get; init; }

    public IntOrString Port { get; init; }

    public string? Scheme { get; init; }
}

public sealed record TcpSocketAction
{
    public IntOrString Port { get; init; }
}

public sealed record ExecAction
{
    public IReadOnlyList<string>? Command { get; init; }
}

public sealed record Lifecycle
{
    public LifecycleHandler? PreStop { get; init; }
}

public sealed record LifecycleHandler
{
    public ExecAction? Exec { get; init; }

    public HttpGetAction? HttpGet { get; init; }

    public SleepAction? Sleep { get; init; }
}

public sealed record SleepAction
{
    public long Seconds { get; init; }
}
