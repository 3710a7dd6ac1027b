using System.Collections.Concurrent;
using System.Globalization;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// An informer's store that knows what this process wrote and the watch has not brought yet, so that a reconcile right after a write does not decide on
/// the state before it.
/// </summary>
/// <remarks>
/// Versions are compared as numbers, which the API guarantees since Kubernetes 1.35 (KEP-5504) and etcd always did. What a write returned counts for at most
/// <see cref="Patience"/>, and no longer than until the watch tells that the object is gone: nobody would look again when the patience is over.
/// </remarks>
internal sealed class FreshStore<T>(InformerStore<T> store, TimeProvider time)
    where T : class, IResource<T>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Longer than an answer to a write can take.</summary>
    private static readonly TimeSpan RememberGone = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<ObjectKey, (T Object, long WrittenAt)> written = new();
    private readonly ConcurrentDictionary<string, long> gone = new(StringComparer.Ordinal);

    public T? Get(ObjectKey key) => Newest(key, store.Get(key));

    /// <summary>Objects under an index, with what was written since.</summary>
    /// <param name="belongs">Whether an object that the index does not show yet belongs to it.</param>
    public List<T> ListByIndex(string index, string value, Func<T, bool> belongs)
    {
        var found = store.ListByIndex(index, value);
        var list = new List<T>(found.Count);
        foreach (var obj in found)
        {
            if (Newest(obj.Key(), obj) is { } newest)
                list.Add(newest);
        }

        if (written.IsEmpty)
            return list;
        foreach (var (key, _) in written)
        {
            if (!list.Exists(obj => obj.Key() == key) && Get(key) is { } extra && belongs(extra))
                list.Add(extra);
        }

        return list;
    }

    /// <summary>Remembers what a write returned.</summary>
    public void Note(T obj)
    {
        written[obj.Key()] = (obj, time.GetTimestamp());
        // The watch may be faster than the answer.
        if (obj.Metadata.Uid is { } uid && gone.ContainsKey(uid))
            written.TryRemove(obj.Key(), out _);
    }

    /// <summary>The watch told that an object is gone; one of the same name with another uid is another one.</summary>
    public void Gone(T last)
    {
        if (last.Metadata.Uid is not { } uid)
            return;
        foreach (var (old, at) in gone)
        {
            if (time.GetElapsedTime(at) > RememberGone)
                gone.TryRemove(old, out _);
        }

        gone[uid] = time.GetTimestamp();
        if (written.TryGetValue(last.Key(), out var own) && own.Object.Metadata.Uid == uid)
            written.TryRemove(last.Key(), out _);
    }

    /// <summary>Forgets what this process wrote: another one may have led since.</summary>
    public void Clear() => written.Clear();

    private T? Newest(ObjectKey key, T? cached)
    {
        if (!written.TryGetValue(key, out var own))
            return cached;
        if (time.GetElapsedTime(own.WrittenAt) <= Patience && (cached is null || Version(cached) < Version(own.Object)))
            return own.Object;
        written.TryRemove(key, out _);
        return cached;
    }

    private static ulong Version(T obj) =>
        ulong.TryParse(obj.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
}
