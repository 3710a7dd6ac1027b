namespace LlmOps.Kubernetes;

/// <summary>Gathers the events that a streamed list begins with, until the bookmark that ends them. What changes meanwhile is among them.</summary>
internal sealed class StreamedList<T>
    where T : class, IResource<T>
{
    private readonly Dictionary<ObjectKey, T> items = [];
    private readonly Dictionary<ObjectKey, string> undecodable = [];

    /// <summary>The list, once it is complete.</summary>
    public CompleteList<T>? Take(WatchEvent<T> e)
    {
        if (e.EndsInitialEvents)
            return new(e.ResourceVersion ?? string.Empty, [.. items.Values], [.. undecodable.Select(one => (one.Key, one.Value))]);
        if (e.Type == WatchEventType.Bookmark)
            return null;
        var key = e.Key.GetValueOrDefault();
        items.Remove(key);
        undecodable.Remove(key);
        if (e.Type != WatchEventType.Deleted && e.Object is { } obj)
            items.Add(key, obj);
        else if (e.Type != WatchEventType.Deleted)
            undecodable.Add(key, e.DecodeError ?? string.Empty);
        return null;
    }
}
