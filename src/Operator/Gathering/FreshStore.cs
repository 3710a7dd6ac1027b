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
/// <see cref="Patience"/>: an object that was deleted before the watch showed it must not be believed in for ever.
/// </remarks>
internal sealed class FreshStore<T>(InformerStore<T> store, TimeProvider time)
    where T : class, IResource<T>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ObjectKey, (T Object, long WrittenAt)> written = new();

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
    public void Note(T obj) => written[obj.Key()] = (obj, time.GetTimestamp());

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
