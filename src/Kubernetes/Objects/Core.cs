using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A ConfigMap.</summary>
public sealed record ConfigMap : IResource<ConfigMap>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "ConfigMap", "configmaps");

    public static JsonTypeInfo<ConfigMap> JsonType => KubernetesJson.Default.ConfigMap;

    public static JsonTypeInfo<ResourceList<ConfigMap>> JsonListType => KubernetesJson.Default.ResourceListConfigMap;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "ConfigMap"; } = "ConfigMap";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public IReadOnlyDictionary<string, string>? Data { get; init; }

    /// <summary>Values in base 64.</summary>
    public IReadOnlyDictionary<string, string>? BinaryData { get; init; }

    public bool? Immutable { get; init; }

    public ConfigMap WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A Service.</summary>
public sealed record Service : IResource<Service>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "Service", "services");

    public static JsonTypeInfo<Service> JsonType => KubernetesJson.Default.Service;

    public static JsonTypeInfo<ResourceList<Service>> JsonListType => KubernetesJson.Default.ResourceListService;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "Service"; } = "Service";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public ServiceSpec? Spec { get; init; }

    public Service WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record ServiceSpec
{
    public IReadOnlyDictionary<string, string>? Selector { get; init; }

    public IReadOnlyList<ServicePort>? Ports { get; init; }

    /// <summary><c>ClusterIP</c> by default.</summary>
    public string? Type { get; init; }

    /// <summary><c>None</c> makes it headless.</summary>
    public string? ClusterIP { get; init; }

    public bool? PublishNotReadyAddresses { get; init; }
}

public sealed record ServicePort
{
    public string? Name { get; init; }

    public int Port { get; init; }

    public IntOrString? TargetPort { get; init; }

    public string? Protocol { get; init; }

    public string? AppProtocol { get; init; }
}

/// <summary>A Node: only what capacity arithmetic needs.</summary>
public sealed record Node : IResource<Node>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "Node", "nodes", Namespaced: false);

    public static JsonTypeInfo<Node> JsonType => KubernetesJson.Default.Node;

    public static JsonTypeInfo<ResourceList<Node>> JsonListType => KubernetesJson.Default.ResourceListNode;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "Node"; } = "Node";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public NodeSpec? Spec { get; init; }

    public NodeStatus? Status { get; init; }

    public Node WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record NodeSpec
{
    public bool? Unschedulable { get; init; }

    public IReadOnlyList<Taint>? Taints { get; init; }
}

public sealed record Taint
{
    public required string Key { get; init; }

    public string? Value { get; init; }

    public required string Effect { get; init; }
}

public sealed record NodeStatus
{
    /// <summary>Quantities by resource name.</summary>
    public IReadOnlyDictionary<string, string>? Capacity { get; init; }

    /// <summary>Quantities by resource name: capacity less what the system keeps.</summary>
    public IReadOnlyDictionary<string, string>? Allocatable { get; init; }

    public IReadOnlyList<NodeCondition>? Conditions { get; init; }
}

public sealed record NodeCondition
{
    public required string Type { get; init; }

    public required string Status { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}

/// <summary>A Namespace.</summary>
public sealed record Namespace : IResource<Namespace>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "Namespace", "namespaces", Namespaced: false);

    public static JsonTypeInfo<Namespace> JsonType => KubernetesJson.Default.Namespace;

    public static JsonTypeInfo<ResourceList<Namespace>> JsonListType => KubernetesJson.Default.ResourceListNamespace;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "Namespace"; } = "Namespace";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public Namespace WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>An EndpointSlice: the addresses behind a Service. Label <c>kubernetes.io/service-name</c> names the Service.</summary>
public sealed record EndpointSlice : IResource<EndpointSlice>
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    public static ResourceKind ResourceKind { get; } = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices");

    public static JsonTypeInfo<EndpointSlice> JsonType => KubernetesJson.Default.EndpointSlice;

    public static JsonTypeInfo<ResourceList<EndpointSlice>> JsonListType => KubernetesJson.Default.ResourceListEndpointSlice;

    public string? ApiVersion { get; init => field = value ?? "discovery.k8s.io/v1"; } = "discovery.k8s.io/v1";

    public string? Kind { get; init => field = value ?? "EndpointSlice"; } = "EndpointSlice";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public string AddressType { get; init => field = value ?? "IPv4"; } = "IPv4";

    public IReadOnlyList<Endpoint> Endpoints { get; init => field = value ?? []; } = [];

    public IReadOnlyList<EndpointPort>? Ports { get; init; }

    public EndpointSlice WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record Endpoint
{
    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    public EndpointConditions? Conditions { get; init; }

    public ObjectReference? TargetRef { get; init; }

    public string? NodeName { get; init; }
}

public sealed record EndpointConditions
{
    /// <summary>Null counts as ready.</summary>
    public bool? Ready { get; init; }

    public bool? Serving { get; init; }

    public bool? Terminating { get; init; }
}

public sealed record EndpointPort
{
    public string? Name { get; init; }

    public int? Port { get; init; }

    public string? Protocol { get; init; }
}

/// <summary>Points to any object.</summary>
public sealed record ObjectReference
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}

/// <summary>A ResourceQuota: only what capacity arithmetic needs.</summary>
public sealed record ResourceQuota : IResource<ResourceQuota>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "ResourceQuota", "resourcequotas");

    public static JsonTypeInfo<ResourceQuota> JsonType => KubernetesJson.Default.ResourceQuota;

    public static JsonTypeInfo<ResourceList<ResourceQuota>> JsonListType => KubernetesJson.Default.ResourceListResourceQuota;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "ResourceQuota"; } = "ResourceQuota";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public ResourceQuotaSpec? Spec { get; init; }

    public ResourceQuotaStatus? Status { get; init; }

    public ResourceQuota WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Which pods a quota counts; its limits are read from the status.</summary>
public sealed record ResourceQuotaSpec
{
    public IReadOnlyList<string>? Scopes { get; init; }

    public QuotaScopeSelector? ScopeSelector { get; init; }
}

public sealed record QuotaScopeSelector
{
    public IReadOnlyList<QuotaScopeExpression>? MatchExpressions { get; init; }
}

public sealed record QuotaScopeExpression
{
    public required string ScopeName { get; init; }

    public required string Operator { get; init; }

    public IReadOnlyList<string>? Values { get; init; }
}

public sealed record ResourceQuotaStatus
{
    public IReadOnlyDictionary<string, string>? Hard { get; init; }

    public IReadOnlyDictionary<string, string>? Used { get; init; }
}

/// <summary>The scale subresource of anything that has one.</summary>
public sealed record Scale
{
    public string? ApiVersion { get; init => field = value ?? "autoscaling/v1"; } = "autoscaling/v1";

    public string? Kind { get; init => field = value ?? "Scale"; } = "Scale";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public ScaleSpec? Spec { get; init; }

    public ScaleStatus? Status { get; init; }
}

public sealed record ScaleSpec
{
    public int? Replicas { get; init; }
}

public sealed record ScaleStatus
{
    public int Replicas { get; init; }

    /// <summary>Label selector in text form.</summary>
    public string? Selector { get; init; }
}
