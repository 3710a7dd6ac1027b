using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing.ApiServer.Apply;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;

namespace LlmOps.Testing.ApiServer.Storage;

/// <summary>
/// All objects, one global resource version, and the history that watches and paged lists read. Every member must be called
/// with <see cref="Gate"/> held: a request is one critical section, which is what makes its read-modify-write atomic.
/// </summary>
internal sealed class ObjectStore
{
    /// <summary>So that a server that runs for hours does not keep every version there ever was.</summary>
    private const int MaxHistory = 50_000;

    private readonly Dictionary<string, SortedDictionary<string, StoredObject>> objects = [];
    private readonly Dictionary<string, StoredObject> byUid = [];
    private readonly Dictionary<string, HashSet<string>> dependentsByOwner = [];
    private readonly List<WatchRecord> history = [];

    public Lock Gate { get; } = new();

    public long ResourceVersion { get; private set; } = 1;

    /// <summary>Changes up to and including this version are forgotten.</summary>
    public long CompactedVersion { get; private set; }

    /// <summary>Called under the lock, in order of versions.</summary>
    public event Action<WatchRecord>? Changed;

    public StoredObject? Find(ResourceDefinition resource, ObjectKey key) =>
        Table(resource).GetValueOrDefault(StorageKey(key));

    public StoredObject? FindByUid(string uid) => byUid.GetValueOrDefault(uid);

    public bool Exists(string uid) => byUid.ContainsKey(uid);

    public IReadOnlyList<StoredObject> DependentsOf(string uid) =>
        dependentsByOwner.TryGetValue(uid, out var dependents) ? [.. dependents.Select(d => byUid[d])] : [];

    public IReadOnlyList<StoredObject> InNamespace(string ns) =>
        [.. objects.Values.SelectMany(static t => t.Values).Where(o => o.Key.Namespace == ns)];

    /// <summary>The objects of a resource in the order of their keys, as they were at a version.</summary>
    /// <exception cref="StatusError">410 when that version has been compacted.</exception>
    public IReadOnlyCollection<StoredObject> List(ResourceDefinition resource, long? atVersion = null)
    {
        var table = Table(resource);
        if (atVersion is not { } version || version >= ResourceVersion)
            return table.Values;
        ThrowIfCompacted(version);
        var past = new SortedDictionary<string, StoredObject>(table, StringComparer.Ordinal);
        foreach (var record in Enumerable.Reverse(history).TakeWhile(r => r.ResourceVersion > version))
        {
            if (record.After.Resource.GroupResource != resource.GroupResource)
                continue;
            var key = StorageKey(record.After.Key);
            if (record.Before is null)
                past.Remove(key);
            else
                past[key] = record.Before;
        }

        return past.Values;
    }

    /// <summary>Changes after a version.</summary>
    /// <exception cref="StatusError">410 when some of them are forgotten.</exception>
    public IEnumerable<WatchRecord> Since(long version)
    {
        ThrowIfCompacted(version);
        var first = history.Count;
        while (first > 0 && history[first - 1].ResourceVersion > version)
            first--;
        return history.Skip(first);
    }

    public StoredObject Put(ResourceDefinition resource, JsonObject json, ManagedFields managers)
    {
        var stored = Stamp(resource, json, managers);
        var table = Table(resource);
        var key = StorageKey(stored.Key);
        var before = table.GetValueOrDefault(key);
        table[key] = stored;
        if (before is not null)
            Unindex(before);
        byUid[stored.Uid] = stored;
        foreach (var (owner, _) in stored.Owners)
        {
            if (!dependentsByOwner.TryGetValue(owner, out var dependents))
                dependentsByOwner[owner] = dependents = [];
            dependents.Add(stored.Uid);
        }

        Record(new WatchRecord(stored.ResourceVersion, before, stored, IsDeletion: false));
        return stored;
    }

    public StoredObject Remove(StoredObject current)
    {
        Table(current.Resource).Remove(StorageKey(current.Key));
        Unindex(current);
        var last = Stamp(current.Resource, current.Json.DeepClone().AsObject(), current.Managers);
        Record(new WatchRecord(last.ResourceVersion, current, last, IsDeletion: true));
        return last;
    }

    /// <summary>Takes the objects of another store, which are never changed once stored, at its version and without its history. Only into an empty store.</summary>
    public void TakeOver(ObjectStore other)
    {
        foreach (var (name, table) in other.objects)
            objects[name] = new(table, StringComparer.Ordinal);
        foreach (var (uid, stored) in other.byUid)
            byUid[uid] = stored;
        foreach (var (owner, dependents) in other.dependentsByOwner)
            dependentsByOwner[owner] = [.. dependents];
        ResourceVersion = other.ResourceVersion;
    }

    /// <summary>Forgets the history: a watch or a page from an older version than the current one answers 410 from now on.</summary>
    public void Compact()
    {
        history.Clear();
        CompactedVersion = ResourceVersion;
    }

    private static string StorageKey(ObjectKey key) => $"{key.Namespace}/{key.Name}";

    private StoredObject Stamp(ResourceDefinition resource, JsonObject json, ManagedFields managers)
    {
        var version = ++ResourceVersion;
        json.Metadata()["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
        return new StoredObject(resource, json, managers, version);
    }

    private void Record(WatchRecord record)
    {
        if (history.Count == MaxHistory)
        {
            CompactedVersion = history[(MaxHistory / 2) - 1].ResourceVersion;
            history.RemoveRange(0, MaxHistory / 2);
        }

        history.Add(record);
        Changed?.Invoke(record);
    }

    private void Unindex(StoredObject stored)
    {
        byUid.Remove(stored.Uid);
        foreach (var (owner, _) in stored.Owners)
            dependentsByOwner.GetValueOrDefault(owner)?.Remove(stored.Uid);
    }

    private void ThrowIfCompacted(long version)
    {
        if (version < CompactedVersion)
            throw StatusError.Expired($"too old resource version: {version} ({CompactedVersion})");
    }

    private SortedDictionary<string, StoredObject> Table(ResourceDefinition resource)
    {
        if (!objects.TryGetValue(resource.GroupResource, out var table))
            objects[resource.GroupResource] = table = new SortedDictionary<string, StoredObject>(StringComparer.Ordinal);
        return table;
    }
}
