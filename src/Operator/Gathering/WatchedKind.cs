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
    void ForgetWrites();
}

/// <inheritdoc cref="IWatchedKind"/>
internal sealed class WatchedKind<T> : IWatchedKind
    where T : class, IResource<T>
{
    private readonly InformerGroup<T> informers;

    /// <summary>Who is told of objects that were written here and gone before any watch brought them.</summary>
    private Action<T?, T?>? neverSeen;

    public WatchedKind(KubernetesClient client, IReadOnlyCollection<string> namespaces, InformerOptions options, ILogger logger, TimeProvider time)
    {
        informers = new InformerGroup<T>(client, namespaces, options, logger, time);
        Store = new FreshStore<T>(informers);
        // Before all others: whoever is woken by this must not find what is gone.
        informers.OnChange((before, after) => Store.Settle((after ?? before!).Key()));
        informers.OnRelist(() =>
        {
            foreach (var lost in Store.SettleAll())
                neverSeen?.Invoke(lost, null);
        });
    }

    /// <summary>The copy, with what this process wrote since.</summary>
    public FreshStore<T> Store { get; }

    public bool HasSynced => informers.HasSynced;

    /// <summary>Adds an index; before it runs.</summary>
    public WatchedKind<T> IndexedBy(string name, Func<T, IEnumerable<string>> valuesOf)
    {
        informers.AddIndex(name, valuesOf);
        return this;
    }

    /// <summary>Calls back with both sides of each change.</summary>
    public void OnChange(Action<T?, T?> changed)
    {
        informers.OnChange(changed);
        neverSeen += changed;
    }

    /// <summary>Calls back with the object of each change, new or, where it is gone, old.</summary>
    public void OnChange(Action<T> changed) => OnChange((before, after) => changed(after ?? before!));

    /// <summary>All objects, without what was written since: for lists of other objects' facts.</summary>
    public IReadOnlyList<T> List() => informers.List();

    public IReadOnlyList<T> ListByIndex(string index, string value) => informers.ListByIndex(index, value);

    public Task RunAsync(CancellationToken ct) => informers.RunAsync(ct);

    public Task WaitForSyncAsync(CancellationToken ct) => informers.WaitForSyncAsync(ct);

    public void ForgetWrites() => Store.Clear();

    public void Dispose() => informers.Dispose();
}
