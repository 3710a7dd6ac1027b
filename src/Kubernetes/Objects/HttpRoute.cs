using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>An HTTPRoute of Gateway API: only where its requests go, and who accepted it. Not written as a whole, since what is not read here would be lost.</summary>
public sealed record HttpRoute : IResource<HttpRoute>
{
    public static ResourceKind ResourceKind { get; } = new("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");

    public static JsonTypeInfo<HttpRoute> JsonType => KubernetesJson.Default.HttpRoute;

    public static JsonTypeInfo<ResourceList<HttpRoute>> JsonListType => KubernetesJson.Default.ResourceListHttpRoute;

    public string? ApiVersion { get; init => field = value ?? "gateway.networking.k8s.io/v1"; } = "gateway.networking.k8s.io/v1";

    public string? Kind { get; init => field = value ?? "HTTPRoute"; } = "HTTPRoute";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public HttpRouteSpec? Spec { get; init; }

    public HttpRouteStatus? Status { get; init; }

    public HttpRoute WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record HttpRouteSpec
{
    /// <summary>What the route wants to be attached to.</summary>
    public IReadOnlyList<RouteParentReference>? ParentRefs { get; init; }

    public IReadOnlyList<HttpRouteRule>? Rules { get; init; }
}

/// <summary>A Gateway, or one of its listeners.</summary>
public sealed record RouteParentReference
{
    /// <summary><c>gateway.networking.k8s.io</c> by default.</summary>
    public string? Group { get; init; }

    /// <summary><c>Gateway</c> by default.</summary>
    public string? Kind { get; init; }

    /// <summary>The route's own by default.</summary>
    public string? Namespace { get; init; }

    public required string Name { get; init; }

    public string? SectionName { get; init; }

    public int? Port { get; init; }
}

public sealed record HttpRouteRule
{
    public string? Name { get; init; }

    public IReadOnlyList<HttpBackendReference>? BackendRefs { get; init; }
}

public sealed record HttpBackendReference
{
    /// <summary>Empty, the core group, by default.</summary>
    public string? Group { get; init; }

    /// <summary><c>Service</c> by default.</summary>
    public string? Kind { get; init; }

    /// <summary>The route's own by default.</summary>
    public string? Namespace { get; init; }

    public required string Name { get; init; }

    public int? Port { get; init; }

    /// <summary>Share of the rule's requests: this by the sum of all weights of the rule. 1 by default, 0 for none.</summary>
    public int? Weight { get; init; }
}

public sealed record HttpRouteStatus
{
    /// <summary>One entry per parent and controller.</summary>
    public IReadOnlyList<RouteParentStatus>? Parents { get; init; }
}

public sealed record RouteParentStatus
{
    public required RouteParentReference ParentRef { get; init; }

    public string? ControllerName { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}
