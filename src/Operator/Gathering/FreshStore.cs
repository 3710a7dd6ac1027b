using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// An informer's store that knows what this process wrote and the watch has not brought yet, so that a reconcile right after a write does not decide on
/// the state before it.
/// </summary>
/// <remarks>
/// What a write returned counts until the informer has seen the cluster at that version or a later one, however long a watch takes: a view that goes back in time
/// would take the traffic from a candidate whose pods are there.
/// </remarks>
internal sealed class FreshStore<T>(InformerGroup<T> store)
    where T : class, IResource<T>
{
    private readonly ConcurrentDictionary<ObjectKey, T> written = new();

    public T? Get(ObjectKey key)
    {
        var seenUpTo = store.SeenUpTo(key);
        return Newest(key, store.Get(key), seenUpTo);
    }

    /// <summary>Objects under an index, with what was written since.</summary>
    /// <param name="belongs">Whether an object that the index does not show yet belongs to it.</param>
    public List<T> ListByIndex(string index, string value, Func<T, bool> belongs)
    {
        var found = store.ListByIndex(index, value);
        var list = new List<T>(found.Count);
        foreach (var obj in found)
            list.Add(Newest(obj.Key(), obj, seenUpTo: 0)!);
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
        // Answers to two writes may come in any order.
        written.AddOrUpdate(obj.Key(), obj, (_, noted) => Version(noted) < Version(obj) ? obj : noted);
        // The watch may be faster than the answer.
        Settle(obj.Key());
    }

    /// <summary>Forgets what was written of an object, where the informer has seen that or more. For what has nobody to look at it any more.</summary>
    public void Settle(ObjectKey key) => Get(key);

    /// <summary>As <see cref="Settle"/>, for all. Gives those that turn out to be gone: no change was told of what the informer never saw.</summary>
    public IReadOnlyList<T> SettleAll() => [.. written.ToArray().Where(own => Get(own.Key) is null).Select(own => own.Value)];

    /// <summary>Forgets what this process wrote: another one may have led since.</summary>
    public void Clear() => written.Clear();

    /// <param name="seenUpTo">Read before <paramref name="cached"/> was; it does not matter where there is one.</param>
    private T? Newest(ObjectKey key, T? cached, ulong seenUpTo)
    {
        if (!written.TryGetValue(key, out var own))
            return cached;
        if (cached is null ? seenUpTo < Version(own) : Version(cached) < Version(own))
            return own;
        written.TryRemove(new(key, own));
        return cached;
    }

    private static ulong Version(T obj) => ResourceVersion.Number(obj.Metadata.ResourceVersion);
}
