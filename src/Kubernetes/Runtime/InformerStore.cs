using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace LlmOps.Kubernetes;

/// <summary>
/// The objects that an <see cref="Informer{T}"/> knows. Reads take no lock and may run beside changes; a relist is seen
/// as a whole or not at all. Order is not defined.
/// </summary>
public sealed class InformerStore<T>
    where T : class, IResource<T>
{
    private readonly Dictionary<string, Func<T, IEnumerable<string>>> indexers = new(StringComparer.Ordinal);
    private volatile Content content;
    private ulong seenUpTo;

    internal InformerStore() => content = new Content(indexers);

    public int Count => content.Count;

    /// <summary>
    /// The resource version up to which every change is in the store, 0 before the first list. Raised after the store was changed and before it is told, so that
    /// whoever reads it first and the store afterwards never sees an object as it was before this version.
    /// </summary>
    public ulong SeenUpTo => Volatile.Read(ref seenUpTo);

    public T? Get(ObjectKey key) => content.Get(key);

    public IReadOnlyList<T> List() => content.List();

    /// <summary>The objects for which the index function gave <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentException">There is no such index.</exception>
    public IReadOnlyList<T> ListByIndex(string indexName, string value) => content.ListByIndex(indexName, value);

    /// <summary>Adds an index. Only before the informer runs.</summary>
    /// <param name="keysOf">The values that an object is to be found under; must be pure.</param>
    /// <exception cref="InvalidOperationException">The informer filled the store already.</exception>
    public void AddIndex(string indexName, Func<T, IEnumerable<string>> keysOf)
    {
        if (content.Count > 0)
            throw new InvalidOperationException("An index must be added before the informer runs.");
        indexers.Add(indexName, keysOf);
        content = new Content(indexers);
    }

    /// <summary>All up to this version was seen. One writer.</summary>
    internal void Reach(string? resourceVersion)
    {
        if (ResourceVersion.Number(resourceVersion) is > 0 and var version)
            Volatile.Write(ref seenUpTo, version);
    }

    /// <summary>Sets one object; returns the one before. One writer.</summary>
    internal T? Set(T obj) => content.Set(obj.Key(), obj);

    /// <summary>Removes one object; returns it. One writer.</summary>
    internal T? Remove(ObjectKey key) => content.Set(key, null);

    /// <summary>Takes <paramref name="objects"/> in place of everything; returns what was there. One writer.</summary>
    internal IReadOnlyList<T> Swap(IEnumerable<T> objects)
    {
        var next = new Content(indexers);
        foreach (var obj in objects)
            next.Set(obj.Key(), obj);
        var before = content.List();
        content = next;
        return before;
    }

    private sealed class Content
    {
        private readonly ConcurrentDictionary<ObjectKey, T> objects = new();
        private readonly Dictionary<string, Index> indexes;

        public Content(Dictionary<string, Func<T, IEnumerable<string>>> indexers) =>
            indexes = indexers.ToDictionary(i => i.Key, i => new Index(i.Value), StringComparer.Ordinal);

        public int Count => objects.Count;

        public T? Get(ObjectKey key) => objects.GetValueOrDefault(key);

        // Enumerating, unlike Values, takes no lock.
        public List<T> List() => [.. objects.Select(o => o.Value)];

        public T[] ListByIndex(string name, string value) =>
            indexes.TryGetValue(name, out var index)
                ? index.Find(value)
                : throw new ArgumentException($"There is no index {name} of {T.ResourceKind.Kind}.", nameof(name));

        public T? Set(ObjectKey key, T? obj)
        {
            var before = objects.GetValueOrDefault(key);
            // Indexes first: whoever has found this version of the object under its key finds it under its values too.
            foreach (var index in indexes.Values)
                index.Move(key, before, obj);
            if (obj is null)
                objects.TryRemove(key, out _);
            else
                objects[key] = obj;
            return before;
        }
    }

    private sealed class Index(Func<T, IEnumerable<string>> keysOf)
    {
        private readonly ConcurrentDictionary<string, Group> entries = new(StringComparer.Ordinal);

        public T[] Find(string value) => entries.TryGetValue(value, out var found) ? found.List() : [];

        public void Move(ObjectKey key, T? before, T? after)
        {
            var kept = after is null ? [] : keysOf(after).ToHashSet(StringComparer.Ordinal);
            foreach (var value in kept)
                entries[value] = entries.GetValueOrDefault(value).With(key, after!);
            foreach (var value in before is null ? [] : keysOf(before))
            {
                if (!kept.Contains(value) && entries.TryGetValue(value, out var found))
                    Leave(value, found.Without(key));
            }
        }

        private void Leave(string value, Group rest)
        {
            if (rest.IsEmpty)
                entries.TryRemove(value, out _);
            else
                entries[value] = rest;
        }
    }

    /// <summary>The objects under one value of an index: mostly one or two, which an array holds in a quarter of a tree's memory. Immutable.</summary>
    private readonly struct Group
    {
        private const int MostFew = 8;

        private readonly T[]? few;

        /// <summary>In place of <see cref="few"/>, once there are more.</summary>
        private readonly ImmutableDictionary<ObjectKey, T>? many;

        private Group(T[] few) => this.few = few;

        private Group(ImmutableDictionary<ObjectKey, T> many) => this.many = many;

        public bool IsEmpty => many?.IsEmpty ?? few is null or [];

        public T[] List() => many is null ? few ?? [] : [.. many.Values];

        public Group With(ObjectKey key, T obj)
        {
            if (many is not null)
                return new(many.SetItem(key, obj));
            T[] others = Others(key);
            return others.Length < MostFew ? new([.. others, obj]) : new(others.Append(obj).ToImmutableDictionary(one => one.Key()));
        }

        public Group Without(ObjectKey key) => many is not null ? new(many.Remove(key)) : new(Others(key));

        private T[] Others(ObjectKey key) => few is null ? [] : Array.FindAll(few, one => one.Key() != key);
    }
}
