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

    /// <summary>Bound of the longest wait after failures. Default: 30 s.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(30);
}
