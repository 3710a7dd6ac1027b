using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A VirtualService of Istio: only where its HTTP requests go, and what Istio says of it. Not written as a whole, since what is not read here would be lost.</summary>
public sealed record VirtualService : IResource<VirtualService>
{
    public static ResourceKind ResourceKind { get; } = new("networking.istio.io", "v1", "VirtualService", "virtualservices");

    public static JsonTypeInfo<VirtualService> JsonType => KubernetesJson.Default.VirtualService;

    public static JsonTypeInfo<ResourceList<VirtualService>> JsonListType => KubernetesJson.Default.ResourceListVirtualService;

    public string? ApiVersion { get; init => field = value ?? "networking.istio.io/v1"; } = "networking.istio.io/v1";

    public string? Kind { get; init => field = value ?? "VirtualService"; } = "VirtualService";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public VirtualServiceSpec? Spec { get; init; }

    public VirtualServiceStatus? Status { get; init; }

    public VirtualService WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record VirtualServiceSpec
{
    public IReadOnlyList<VirtualServiceHttpRoute>? Http { get; init; }
}

/// <summary>The requests of one match; without <see cref="Route"/> they are redirected, answered or delegated.</summary>
public sealed record VirtualServiceHttpRoute
{
    public string? Name { get; init; }

    public IReadOnlyList<VirtualServiceDestination>? Route { get; init; }
}

public sealed record VirtualServiceDestination
{
    public VirtualServiceHost? Destination { get; init; }

    /// <summary>Share of the route's requests: this by the sum of all weights of the route. 0 by default; a sole destination gets all.</summary>
    public int? Weight { get; init; }
}

public sealed record VirtualServiceHost
{
    /// <summary>A host of the service registry; one without a dot is a Service of the VirtualService's own namespace.</summary>
    public string? Host { get; init; }
}

/// <summary>Written only by an Istio that was told to.</summary>
/// <remarks>See https://istio.io/latest/docs/reference/config/config-status/.</remarks>
public sealed record VirtualServiceStatus
{
    /// <summary>The generation that <c>Reconciled</c> speaks of. An int64 of protobuf, which is a string in its JSON.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long? ObservedGeneration { get; init; }

    public IReadOnlyList<VirtualServiceCondition>? Conditions { get; init; }

    /// <summary>What analyzers found.</summary>
    public IReadOnlyList<VirtualServiceMessage>? ValidationMessages { get; init; }
}

public sealed record VirtualServiceCondition
{
    public string? Type { get; init; }

    public string? Status { get; init; }

    public string? Message { get; init; }

    /// <inheritdoc cref="VirtualServiceStatus.ObservedGeneration"/>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long? ObservedGeneration { get; init; }
}

public sealed record VirtualServiceMessage
{
    public VirtualServiceMessageType? Type { get; init; }

    /// <summary><c>ERROR</c>, <c>WARNING</c> or <c>INFO</c>.</summary>
    public string? Level { get; init; }

    public string? DocumentationUrl { get; init; }
}

public sealed record VirtualServiceMessageType
{
    /// <summary>Such as <c>ReferencedResourceNotFound</c>.</summary>
    public string? Name { get; init; }

    /// <summary>Such as <c>IST0101</c>.</summary>
    public string? Code { get; init; }
}
