namespace LlmOps.Kubernetes;

/// <summary>What a line of a watch tells.</summary>
public enum WatchEventType
{
    /// <summary>A line that is no watch event. An event may be lost: resume from the last known resource version.</summary>
    Unknown = 0,

    Added,

    Modified,

    Deleted,

    /// <summary>Nothing changed up to <see cref="WatchEvent{T}.ResourceVersion"/>.</summary>
    Bookmark,

    /// <summary>The server ends the watch; <see cref="WatchEvent{T}.Error"/> says why. 410 means: list again.</summary>
    Error,
}

/// <summary>One line of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after the change (before it, where deleted); null for bookmarks and errors, and where it cannot be decoded.</param>
/// <param name="ResourceVersion">The version to resume from after this event.</param>
/// <param name="Error">The server's reason, for <see cref="WatchEventType.Error"/>.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, string? ResourceVersion, Status? Error)
    where T : class
{
    /// <summary>Which object this is about, where that can be told; known even for an object that cannot be decoded.</summary>
    public ObjectKey? Key { get; init; }

    /// <summary>Whether this is the bookmark behind all that was there when the watch began, for <see cref="WatchOptions.SendInitialEvents"/>.</summary>
    public bool EndsInitialEvents { get; init; }

    /// <summary>Why <see cref="Object"/> is null although the server sent one, or why the line is <see cref="WatchEventType.Unknown"/>.</summary>
    public string? DecodeError { get; init; }
}
