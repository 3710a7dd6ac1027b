namespace LlmOps.Kubernetes;

/// <summary>What an informer keeps.</summary>
public sealed record InformerOptions
{
    /// <summary>Only this namespace. Default: all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Label selector in text form. Default: everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in text form. Default: everything.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>
    /// Lists by a watch that begins with all there is (<see cref="WatchOptions.SendInitialEvents"/>), where the server offers that: neither side then holds the
    /// whole list. Default: false, pages.
    /// </summary>
    public bool StreamLists { get; init; }

    /// <summary>Objects a page of the list. Default: 500.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Longest silence of a watch. Default: 150 s; see <see cref="WatchOptions.IdleTimeout"/>.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Bound of the first wait after a failure; doubles with each. Default: 100 ms.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Bound of the longest wait for a server that does not answer or refuses. Default: 5 s, and not the 30 s of client-go: who comes out of an outage with an old copy
    /// leaves a bad candidate its traffic for that long, and a cluster has tens of these informers where it has thousands of kubelets.
    /// </summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bound of the longest wait before everything is listed again because the watch behind the last list brought nothing. Default: 30 s, since lists are dear.</summary>
    public TimeSpan LongestRelistBackoff { get; init; } = TimeSpan.FromSeconds(30);
}
