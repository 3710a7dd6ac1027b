using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// The objects of one kind in some namespaces, or in all: one <see cref="Informer{T}"/> a namespace, read as one. Where a component has no rights on the whole
/// cluster, only lists and watches within namespaces are allowed.
/// </summary>
/// <remarks>
/// Guarantees. Those of <see cref="Informer{T}"/> for each namespace. A handler is called on one thread at a time, whichever namespace tells. RBAC: <c>list</c>
/// and <c>watch</c> on the kind in each namespace.
/// </remarks>
public sealed class InformerGroup<T> : IDisposable
    where T : class, IResource<T>
{
    private readonly Dictionary<string, Informer<T>> informers;

    private readonly Lock oneAtATime = new();

    /// <summary>Set where there is one informer, of whatever namespace: the usual case, and then nothing has to be put together.</summary>
    private readonly Informer<T>? only;

    /// <param name="client">Reads and watches.</param>
    /// <param name="namespaces">Namespaces; none for all.</param>
    /// <param name="options">Of each informer; its own namespace does not count.</param>
    /// <param name="logger">Of the informers.</param>
    /// <param name="time">Clock of the informers.</param>
    /// <param name="keep">What is kept and told of each object, as <see cref="Informer{T}"/> says. Default: all of it.</param>
    public InformerGroup(KubernetesClient client, IReadOnlyCollection<string> namespaces, InformerOptions options, ILogger logger, TimeProvider time, Func<T, T>? keep = null)
    {
        informers = namespaces.Count == 0
            ? new() { [string.Empty] = new(client, options with { Namespace = null }, logger, time, keep) }
            : namespaces.Distinct(StringComparer.Ordinal).ToDictionary(ns => ns, ns => new Informer<T>(client, options with { Namespace = ns }, logger, time, keep), StringComparer.Ordinal);
        only = informers.Count == 1 ? informers.Values.Single() : null;
    }

    /// <summary>Whether the objects of every namespace were read once, and all of them were told.</summary>
    public bool HasSynced => informers.Values.All(informer => informer.HasSynced);

    /// <summary>Calls back with both sides of each change, as <see cref="Informer{T}.Changed"/> does. Before it runs.</summary>
    public void OnChange(Action<T?, T?> changed)
    {
        foreach (var informer in informers.Values)
        {
            informer.Changed += (before, after) =>
            {
                lock (oneAtATime)
                    changed(before, after);
            };
        }
    }

    /// <summary>Calls back as <see cref="Informer{T}.Relisted"/> does. Before it runs.</summary>
    public void OnRelist(Action relisted)
    {
        foreach (var informer in informers.Values)
        {
            informer.Relisted += () =>
            {
                lock (oneAtATime)
                    relisted();
            };
        }
    }

    /// <inheritdoc cref="InformerStore{T}.AddIndex"/>
    public void AddIndex(string indexName, Func<T, IEnumerable<string>> keysOf)
    {
        foreach (var informer in informers.Values)
            informer.Store.AddIndex(indexName, keysOf);
    }

    public T? Get(ObjectKey key) => Store(key)?.Get(key);

    /// <summary><see cref="InformerStore{T}.SeenUpTo"/> of the namespace of an object.</summary>
    public ulong SeenUpTo(ObjectKey key) => Store(key)?.SeenUpTo ?? 0;

    public IReadOnlyList<T> List() => only?.Store.List() ?? [.. informers.Values.SelectMany(informer => informer.Store.List())];

    /// <inheritdoc cref="InformerStore{T}.ListByIndex"/>
    public IReadOnlyList<T> ListByIndex(string indexName, string value) =>
        only?.Store.ListByIndex(indexName, value) ?? [.. informers.Values.SelectMany(informer => informer.Store.ListByIndex(indexName, value))];

    /// <summary>Runs until cancelled or disposed, and then returns.</summary>
    public Task RunAsync(CancellationToken ct) => Task.WhenAll(informers.Values.Select(informer => informer.RunAsync(ct)));

    public Task WaitForSyncAsync(CancellationToken ct) => Task.WhenAll(informers.Values.Select(informer => informer.WaitForSyncAsync(ct)));

    public void Dispose()
    {
        foreach (var informer in informers.Values)
            informer.Dispose();
    }

    private InformerStore<T>? Store(ObjectKey key) => (only ?? informers.GetValueOrDefault(key.Namespace))?.Store;
}
