using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A Deployment.</summary>
public sealed record Deployment : IResource<Deployment>
{
    public static ResourceKind ResourceKind { get; } = new("apps", "v1", "Deployment", "deployments");

    public static JsonTypeInfo<Deployment> JsonType => KubernetesJson.Default.Deployment;

    public static JsonTypeInfo<ResourceList<Deployment>> JsonListType => KubernetesJson.Default.ResourceListDeployment;

    public string? ApiVersion { get; init => field = value ?? "apps/v1"; } = "apps/v1";

    public string? Kind { get; init => field = value ?? "Deployment"; } = "Deployment";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public DeploymentSpec? Spec { get; init; }

    public DeploymentStatus? Status { get; init; }

    public Deployment WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record DeploymentSpec
{
    public int? Replicas { get; init; }

    public LabelSelector? Selector { get; init; }

    /// <summary>Decoded anew by each reader: what many Deployments hold of a cache's memory is their templates, and hardly anybody reads those.</summary>
    /// <exception cref="JsonException">The server's is none that we know.</exception>
    [JsonIgnore]
    public PodTemplateSpec? Template
    {
        get => TemplateJson?.Read(KubernetesJson.Default.PodTemplateSpec);
        init => TemplateJson = value is null ? null : RawJson.Of(value, KubernetesJson.Default.PodTemplateSpec);
    }

    public DeploymentStrategy? Strategy { get; init; }

    public int? RevisionHistoryLimit { get; init; }

    public int? ProgressDeadlineSeconds { get; init; }

    public int? MinReadySeconds { get; init; }

    [JsonInclude]
    [JsonPropertyName("template")]
    internal RawJson? TemplateJson { get; init; }

    /// <summary>The same with its template compressed.</summary>
    public DeploymentSpec Packed() => this with { TemplateJson = TemplateJson?.Packed() };
}

public sealed record DeploymentStrategy
{
    public string? Type { get; init; }

    public RollingUpdate? RollingUpdate { get; init; }
}

public sealed record RollingUpdate
{
    public IntOrString? MaxSurge { get; init; }

    public IntOrString? MaxUnavailable { get; init; }
}

public sealed record DeploymentStatus
{
    public long? ObservedGeneration { get; init; }

    public int Replicas { get; init; }

    public int UpdatedReplicas { get; init; }

    public int ReadyReplicas { get; init; }

    public int AvailableReplicas { get; init; }

    public int UnavailableReplicas { get; init; }

    public IReadOnlyList<DeploymentCondition>? Conditions { get; init; }
}

public sealed record DeploymentCondition
{
    public required string Type { get; init; }

    public required string Status { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public DateTimeOffset? LastUpdateTime { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }
}

/// <summary>A Job.</summary>
public sealed record Job : IResource<Job>
{
    public static ResourceKind ResourceKind { get; } = new("batch", "v1", "Job", "jobs");

    public static JsonTypeInfo<Job> JsonType => KubernetesJson.Default.Job;

    public static JsonTypeInfo<ResourceList<Job>> JsonListType => KubernetesJson.Default.ResourceListJob;

    public string? ApiVersion { get; init => field = value ?? "batch/v1"; } = "batch/v1";

    public string? Kind { get; init => field = value ?? "Job"; } = "Job";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public JobSpec? Spec { get; init; }

    public JobStatus? Status { get; init; }

    public Job WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record JobSpec
{
    public int? Parallelism { get; init; }

    public int? Completions { get; init; }

    public int? BackoffLimit { get; init; }

    public long? ActiveDeadlineSeconds { get; init; }

    public int? TtlSecondsAfterFinished { get; init; }

    public LabelSelector? Selector { get; init; }

    public PodTemplateSpec? Template { get; init; }
}

public sealed record JobStatus
{
    public int? Active { get; init; }

    public int? Succeeded { get; init; }

    public int? Failed { get; init; }

    public int? Ready { get; init; }

    public DateTimeOffset? StartTime { get; init; }

    public DateTimeOffset? CompletionTime { get; init; }

    /// <summary><c>Complete</c> or <c>Failed</c> with status <c>True</c> when it has ended.</summary>
    public IReadOnlyList<JobCondition>? Conditions { get; init; }
}

public sealed record JobCondition
{
    public required string Type { get; init; }

    public required string Status { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }
}

/// <summary>A PodDisruptionBudget.</summary>
public sealed record PodDisruptionBudget : IResource<PodDisruptionBudget>
{
    public static ResourceKind ResourceKind { get; } = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");

    public static JsonTypeInfo<PodDisruptionBudget> JsonType => KubernetesJson.Default.PodDisruptionBudget;

    public static JsonTypeInfo<ResourceList<PodDisruptionBudget>> JsonListType => KubernetesJson.Default.ResourceListPodDisruptionBudget;

    public string? ApiVersion { get; init => field = value ?? "policy/v1"; } = "policy/v1";

    public string? Kind { get; init => field = value ?? "PodDisruptionBudget"; } = "PodDisruptionBudget";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public PodDisruptionBudgetSpec? Spec { get; init; }

    public PodDisruptionBudget WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record PodDisruptionBudgetSpec
{
    public IntOrString? MinAvailable { get; init; }

    public IntOrString? MaxUnavailable { get; init; }

    public LabelSelector? Selector { get; init; }
}

/// <summary>A HorizontalPodAutoscaler (autoscaling/v2).</summary>
public sealed record HorizontalPodAutoscaler : IResource<HorizontalPodAutoscaler>
{
    public static ResourceKind ResourceKind { get; } = new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");

    public static JsonTypeInfo<HorizontalPodAutoscaler> JsonType => KubernetesJson.Default.HorizontalPodAutoscaler;

    public static JsonTypeInfo<ResourceList<HorizontalPodAutoscaler>> JsonListType => KubernetesJson.Default.ResourceListHorizontalPodAutoscaler;

    public string? ApiVersion { get; init => field = value ?? "autoscaling/v2"; } = "autoscaling/v2";

    public string? Kind { get; init => field = value ?? "HorizontalPodAutoscaler"; } = "HorizontalPodAutoscaler";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public HorizontalPodAutoscalerSpec? Spec { get; init; }

    public HorizontalPodAutoscalerStatus? Status { get; init; }

    public HorizontalPodAutoscaler WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record HorizontalPodAutoscalerSpec
{
    public ScaleTargetReference? ScaleTargetRef { get; init; }

    public int? MinReplicas { get; init; }

    public int MaxReplicas { get; init; }

    public IReadOnlyList<MetricSpec>? Metrics { get; init; }

    public AutoscalerBehavior? Behavior { get; init; }
}

public sealed record ScaleTargetReference
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required string Name { get; init; }
}

public sealed record MetricSpec
{
    /// <summary><c>Pods</c> here: an average over the pods of the target.</summary>
    public required string Type { get; init; }

    public PodsMetricSource? Pods { get; init; }
}

public sealed record PodsMetricSource
{
    public required MetricIdentifier Metric { get; init; }

    public required MetricTarget Target { get; init; }
}

public sealed record MetricIdentifier
{
    public required string Name { get; init; }
}

public sealed record MetricTarget
{
    public required string Type { get; init; }

    /// <summary>A quantity.</summary>
    public string? AverageValue { get; init; }
}

public sealed record AutoscalerBehavior
{
    public ScalingRules? ScaleUp { get; init; }

    public ScalingRules? ScaleDown { get; init; }
}

public sealed record ScalingRules
{
    public int? StabilizationWindowSeconds { get; init; }

    public IReadOnlyList<ScalingPolicy>? Policies { get; init; }
}

public sealed record ScalingPolicy
{
    public required string Type { get; init; }

    public int Value { get; init; }

    public int PeriodSeconds { get; init; }
}

public sealed record HorizontalPodAutoscalerStatus
{
    public int CurrentReplicas { get; init; }

    public int DesiredReplicas { get; init; }

    public DateTimeOffset? LastScaleTime { get; init; }

    public JsonElement? CurrentMetrics { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A Lease: what leader election writes.</summary>
public sealed record Lease : IResource<Lease>
{
    public static ResourceKind ResourceKind { get; } = new("coordination.k8s.io", "v1", "Lease", "leases");

    public static JsonTypeInfo<Lease> JsonType => KubernetesJson.Default.Lease;

    public static JsonTypeInfo<ResourceList<Lease>> JsonListType => KubernetesJson.Default.ResourceListLease;

    public string? ApiVersion { get; init => field = value ?? "coordination.k8s.io/v1"; } = "coordination.k8s.io/v1";

    public string? Kind { get; init => field = value ?? "Lease"; } = "Lease";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public LeaseSpec? Spec { get; init; }

    public Lease WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record LeaseSpec
{
    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }
}

/// <summary>An event of <c>events.k8s.io/v1</c>.</summary>
public sealed record Event : IResource<Event>
{
    public static ResourceKind ResourceKind { get; } = new("events.k8s.io", "v1", "Event", "events");

    public static JsonTypeInfo<Event> JsonType => KubernetesJson.Default.Event;

    public static JsonTypeInfo<ResourceList<Event>> JsonListType => KubernetesJson.Default.ResourceListEvent;

    public string? ApiVersion { get; init => field = value ?? "events.k8s.io/v1"; } = "events.k8s.io/v1";

    public string? Kind { get; init => field = value ?? "Event"; } = "Event";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }

    public EventSeries? Series { get; init; }

    public string? ReportingController { get; init; }

    public string? ReportingInstance { get; init; }

    public string? Action { get; init; }

    public string? Reason { get; init; }

    public ObjectReference? Regarding { get; init; }

    public ObjectReference? Related { get; init; }

    /// <summary>At most 1024 bytes, or the server refuses the event.</summary>
    public string? Note { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; init; }

    public Event WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record EventSeries
{
    public int Count { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset LastObservedTime { get; init; }
}
