using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// An informer's store that knows what this process wrote and the watch has not brought yet, so that a reconcile right after a write does not decide on
/// the state before it.
/// </summary>
/// <remarks>
/// What a write returned counts until the informer has seen the cluster at that version or a later one, however long a watch takes: a view that goes back in time
/// would take the traffic from a candidate whose pods are there. What was written is read before the store: where the watch brings it in between, it is
/// forgotten here after it came there.
/// </remarks>
internal sealed class FreshStore<T>(InformerGroup<T> store)
    where T : class, IResource<T>
{
    private readonly ConcurrentDictionary<ObjectKey, T> written = new();

    /// <summary>Objects with a write of which nobody said whether it was done.</summary>
    private readonly ConcurrentDictionary<ObjectKey, bool> doubtful = new();

    /// <summary>Raised after something was written.</summary>
    public event Action<ObjectKey>? Noted;

    /// <summary>Objects that were written and that the watch has not brought yet.</summary>
    public int Unseen => written.Count;

    public T? Get(ObjectKey key)
    {
        var own = written.GetValueOrDefault(key);
        return Newest(key, own);
    }

    /// <summary>Objects under an index, with what was written since.</summary>
    /// <param name="belongs">Whether an object that the index does not show yet belongs to it.</param>
    public List<T> ListByIndex(string index, string value, Func<T, bool> belongs)
    {
        // Without ToArray, which takes all locks: mostly there is nothing.
        Dictionary<ObjectKey, T>? unseen = null;
        foreach (var (key, own) in written)
            (unseen ??= [])[key] = own;
        var found = store.ListByIndex(index, value);
        if (unseen is null)
            return [.. found];
        var list = new List<T>(found.Count);
        foreach (var obj in found)
            list.Add(unseen.Remove(obj.Key(), out var own) ? Newer(own, obj) : obj);
        foreach (var (key, own) in unseen)
        {
            if (Newest(key, own) is { } extra && belongs(extra))
                list.Add(extra);
        }

        return list;
    }

    /// <summary>Remembers that a write was sent and not answered: what is here may be the state before it, until the server was asked.</summary>
    public void Doubt(ObjectKey key) => doubtful[key] = true;

    /// <summary>Whether what is here may be the state before a write of this process.</summary>
    public bool IsInDoubt(ObjectKey key) => doubtful.ContainsKey(key);

    /// <summary>Ends the doubt about an object.</summary>
    public void Trust(ObjectKey key) => doubtful.TryRemove(key, out _);

    /// <summary>Remembers what a write, or the question how it ended, returned.</summary>
    public void Note(T obj)
    {
        Trust(obj.Key());
        // Answers to two writes may come in any order.
        written.AddOrUpdate(obj.Key(), obj, (_, noted) => Version(noted) < Version(obj) ? obj : noted);
        // The watch may be faster than the answer.
        Settle(obj.Key());
        Noted?.Invoke(obj.Key());
    }

    /// <summary>Forgets what was written of an object, where the informer has seen that or more.</summary>
    public void Settle(ObjectKey key)
    {
        // By its key alone, and never in a read: what is found under its key is in the indexes already, but not the other way round.
        if (written.TryGetValue(key, out var own) && !ReferenceEquals(Get(key), own))
            written.TryRemove(new(key, own));
    }

    /// <summary>As <see cref="Settle"/>, for all. Gives those that turn out to be gone: no change was told of what the informer never saw.</summary>
    public IReadOnlyList<T> SettleAll()
    {
        var all = written.ToArray();
        foreach (var (key, _) in all)
            Settle(key);
        return [.. all.Where(own => Get(own.Key) is null).Select(own => own.Value)];
    }

    /// <summary>Forgets what this process wrote in some namespaces: another one may have led there since.</summary>
    public void Forget(Func<string, bool> whose)
    {
        foreach (var (key, _) in written)
        {
            if (whose(key.Namespace))
                written.TryRemove(key, out _);
        }
    }

    /// <param name="own">What was written, if anything.</param>
    private T? Newest(ObjectKey key, T? own)
    {
        // Before the object: what is missing there was then deleted, and not just not there yet.
        var seenUpTo = store.SeenUpTo(key);
        return store.Get(key) is { } cached ? Newer(own, cached) : own is not null && seenUpTo < Version(own) ? own : null;
    }

    private static T Newer(T? own, T cached) => own is not null && Version(cached) < Version(own) ? own : cached;

    private static ulong Version(T obj) => ResourceVersion.Number(obj.Metadata.ResourceVersion);
}
