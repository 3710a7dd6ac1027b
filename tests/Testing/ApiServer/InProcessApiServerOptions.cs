namespace LlmOps.Testing;

/// <summary>How an in-process API server behaves.</summary>
public sealed record InProcessApiServerOptions
{
    /// <summary>Clock of timestamps, bookmarks, watch timeouts and delays. The system's by default.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How often watches that ask for bookmarks get one. One minute by default, as in Kubernetes.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>HTTP/2 with prior knowledge instead of HTTP/1.1; a cleartext port can speak only one of them.</summary>
    public bool Http2 { get; init; }

    /// <summary>Namespaces that exist from the start, beside <c>default</c>, <c>kube-system</c> and <c>kube-public</c>.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];
}
