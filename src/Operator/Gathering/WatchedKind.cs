using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Gathering;

/// <summary>One kind that the operator keeps a copy of.</summary>
internal interface IWatchedKind : IDisposable
{
    bool HasSynced { get; }

    Task RunAsync(CancellationToken ct);

    Task WaitForSyncAsync(CancellationToken ct);

    /// <summary>Forgets what this process wrote and the watch has not brought yet.</summary>
    /// <param name="whose">Whether an object of this namespace is meant.</param>
    void ForgetWrites(Func<string, bool> whose);
}

/// <inheritdoc cref="IWatchedKind"/>
internal sealed class WatchedKind<T> : IWatchedKind
    where T : class, IResource<T>
{
    private readonly InformerGroup<T> informers;

    /// <summary>Uids of objects whose deletion was asked for and that the watch has not taken away yet.</summary>
    private readonly ConcurrentDictionary<ObjectKey, string> going = new();

    private Action<T?, T?>? afterwards;

    /// <summary>Who is told of objects that were written here and gone before any watch brought them.</summary>
    private Action<T?, T?>? neverSeen;

    public WatchedKind(KubernetesClient client, IReadOnlyCollection<string> namespaces, InformerOptions options, ILogger logger, TimeProvider time, Func<T, T>? keep = null)
    {
        informers = new InformerGroup<T>(client, namespaces, options, logger, time, keep);
        Store = new FreshStore<T>(informers);
        // Before all others: whoever is woken by this must not find what is gone.
        informers.OnChange((before, after) =>
        {
            Store.Settle((after ?? before!).Key());
            if (after is not null)
                return;
            Answers.Forget(before!.Key());
            going.TryRemove(before!.Key(), out _);
        });
        informers.OnRelist(() =>
        {
            foreach (var lost in Store.SettleAll())
            {
                Answers.Forget(lost.Key());
                neverSeen?.Invoke(lost, null);
                TellOthers(lost, null);
            }
        });
    }

    /// <summary>The copy, with what this process wrote since.</summary>
    public FreshStore<T> Store { get; }

    /// <summary>What the server makes of wishes for objects of this kind, where it is something else.</summary>
    public AnswerBook Answers { get; } = new();

    public bool HasSynced => informers.HasSynced;

    /// <summary>Whether an object of the copy is going, or gone already: a deletion that was asked for here comes back by the watch later.</summary>
    public bool IsGoing(T obj) => obj.IsDeleting() || (going.TryGetValue(obj.Key(), out var uid) && uid == obj.Metadata.Uid);

    /// <summary>Remembers that the deletion of an object is asked for. Before it is: the watch may be faster than the answer.</summary>
    public void NoteGoing(T obj) => going[obj.Key()] = obj.Metadata.Uid!;

    /// <summary>The deletion could not be asked for.</summary>
    public void ForgetGoing(T obj) => going.TryRemove(obj.Key(), out _);

    /// <summary>Adds an index; before it runs.</summary>
    public WatchedKind<T> IndexedBy(string name, Func<T, IEnumerable<string>> valuesOf)
    {
        informers.AddIndex(name, valuesOf);
        return this;
    }

    /// <summary>Calls back with both sides of each change: for whoever keeps something up with the cache. Before it runs.</summary>
    public void OnChange(Action<T?, T?> changed)
    {
        informers.OnChange(changed);
        neverSeen += changed;
    }

    /// <summary>Calls back with the object of each change, new or, where it is gone, old.</summary>
    public void OnChange(Action<T> changed) => OnChange((before, after) => changed(after ?? before!));

    /// <summary>As <see cref="OnChange(Action{T?, T?})"/>, after all of these: for waking somebody, who must not find what is kept up with the cache behind it.</summary>
    public void AfterChange(Action<T?, T?> changed) => afterwards += changed;

    /// <inheritdoc cref="AfterChange(Action{T?, T?})"/>
    public void AfterChange(Action<T> changed) => AfterChange((before, after) => changed(after ?? before!));

    /// <summary>All objects, without what was written since: for lists of other objects' facts.</summary>
    public IReadOnlyList<T> List() => informers.List();

    public IReadOnlyList<T> ListByIndex(string index, string value) => informers.ListByIndex(index, value);

    public Task RunAsync(CancellationToken ct)
    {
        // The last of all.
        informers.OnChange(TellOthers);
        return informers.RunAsync(ct);
    }

    public Task WaitForSyncAsync(CancellationToken ct) => informers.WaitForSyncAsync(ct);

    public void ForgetWrites(Func<string, bool> whose) => Store.Forget(whose);

    public void Dispose() => informers.Dispose();

    private void TellOthers(T? before, T? after) => afterwards?.Invoke(before, after);
}
