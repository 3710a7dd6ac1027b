using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>All routes by the names that a request may use: <c>namespace/name</c>, and <c>name</c> where it is unique. Immutable.</summary>
internal sealed class RouteTable
{
    private readonly Dictionary<string, RouteEntry> entries;

    private RouteTable(Dictionary<string, RouteEntry> entries) => this.entries = entries;

    public static RouteTable Empty { get; } = new(new(StringComparer.Ordinal));

    public RouteEntry Find(string model) => entries.GetValueOrDefault(model);

    /// <summary>Each route once, with the shortest name that is unique.</summary>
    public IEnumerable<(string Model, Route Route)> Models() =>
        from entry in entries
        where entry.Value.Route is { } route && (!entry.Key.Contains('/') || Find(route.Deployment.Name).Route is null)
        orderby entry.Key
        select (entry.Key, entry.Value.Route);

    /// <summary>A table with some routes changed; a null route is one that is gone.</summary>
    public RouteTable With(IEnumerable<(ObjectKey Key, Route? Route)> changes)
    {
        var next = new Dictionary<string, RouteEntry>(entries, StringComparer.Ordinal);
        foreach (var (key, route) in changes)
        {
            if (route is null)
                next.Remove(key.ToString());
            else
                next[key.ToString()] = new RouteEntry(route, null);
            SetShortName(next, key, route);
        }

        return new RouteTable(next);
    }

    private static void SetShortName(Dictionary<string, RouteEntry> entries, ObjectKey key, Route? route)
    {
        var known = entries.GetValueOrDefault(key.Name);
        var others = (known.Ambiguous ?? (known.Route is { } r ? [r.Deployment] : [])).Where(k => k != key);
        ObjectKey[] owners = [.. route is null ? others : others.Append(key).OrderBy(k => k.Namespace, StringComparer.Ordinal)];
        switch (owners)
        {
            case []:
                entries.Remove(key.Name);
                break;
            case [var only]:
                entries[key.Name] = entries[only.ToString()];
                break;
            default:
                entries[key.Name] = new RouteEntry(null, owners);
                break;
        }
    }
}

/// <summary>What a name stands for: a route, several LlmDeployments, or (default) nothing.</summary>
internal readonly record struct RouteEntry(Route? Route, IReadOnlyList<ObjectKey>? Ambiguous);
