using System.Collections.Concurrent;

namespace LlmOps.Testing;

/// <summary>How often the server was asked what. Requests that faults refused count too.</summary>
public sealed class RequestCounters
{
    private readonly ConcurrentDictionary<(string Verb, string Resource, string Subresource), int> counts = new();
    private int total;
    private int active;

    /// <summary>All requests for resources so far.</summary>
    public int Total => Volatile.Read(ref total);

    /// <summary>Requests that this server works on now: without watches that are open, and without what a fault holds back.</summary>
    public int Active => Volatile.Read(ref active);

    /// <summary>Requests by verb, resource (<c>deployments.apps</c>) and subresource; null counts any, an empty subresource the object itself.</summary>
    public int Count(string? verb = null, string? resource = null, string? subresource = null) =>
        counts.Where(c => (verb is null || c.Key.Verb == verb) && (resource is null || c.Key.Resource == resource) && (subresource is null || c.Key.Subresource == subresource))
            .Sum(static c => c.Value);

    internal int Next() => Interlocked.Increment(ref total);

    internal void Begin() => Interlocked.Increment(ref active);

    internal void End() => Interlocked.Decrement(ref active);

    internal void Record(ApiRequest request) =>
        counts.AddOrUpdate((request.Verb, request.GroupResource, request.Subresource ?? string.Empty), 1, static (_, n) => n + 1);
}
