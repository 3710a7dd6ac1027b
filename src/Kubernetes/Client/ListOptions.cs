namespace LlmOps.Kubernetes;

/// <summary>What to list.</summary>
public sealed record ListOptions
{
    /// <summary>Label selector in text form, such as <c>app=x,track in (stable,candidate)</c>. Default: everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in text form, such as <c>metadata.name=x</c>. Default: everything.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Largest number of objects in the answer; the rest is behind <see cref="ListMeta.Continue"/>. Default: no limit.</summary>
    public int? Limit { get; init; }

    /// <summary>Token of the next page, from the answer before.</summary>
    public string? Continue { get; init; }

    /// <summary>Null (default) reads the newest state; <c>0</c> takes whatever the server has in its cache.</summary>
    public string? ResourceVersion { get; init; }
}

/// <summary>What to watch, and for how long.</summary>
public sealed record WatchOptions
{
    /// <summary>Label selector in text form. Default: everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in text form. Default: everything.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Events after this version are sent; null starts with an added event for each object there is.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>
    /// Starts with an added event for each object there is, as of now or later, and a bookmark with <see cref="WatchEvent{T}.EndsInitialEvents"/>: a list that
    /// neither side holds in memory as a whole. Servers before 1.32 refuse it (422). Default: false.
    /// See https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
    /// </summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>Asks for bookmarks (about one a minute), so that a quiet watch can be resumed. Default: true.</summary>
    public bool AllowBookmarks { get; init; } = true;

    /// <summary>When the server ends the watch. Default: a random time between 5 and 10 minutes, so that not all watches restart at once.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// Longest silence before the watch counts as dead. Must be longer than the server's bookmark interval (one
    /// minute), or a quiet watch is restarted again and again. Default: 150 s.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Longest silence before the end of the initial events. The server waits for its cache for 3 s at most. Default: 15 s.</summary>
    public TimeSpan InitialIdleTimeout { get; init; } = TimeSpan.FromSeconds(15);
}
