using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>What a node has left, for one question about it.</summary>
internal sealed class NodeRoom
{
    private readonly string resource;
    private Dictionary<string, decimal> free;
    private bool isShared;

    /// <param name="node">The node.</param>
    /// <param name="free">By resource name; copied before it is changed.</param>
    /// <param name="resource">The resource that is asked for.</param>
    /// <param name="offered">How much of it the node has in all.</param>
    public NodeRoom(Node node, Dictionary<string, decimal> free, string resource, decimal offered)
    {
        (Node, this.free, isShared, this.resource, Offered) = (node, free, true, resource, offered);
        Left = free.GetValueOrDefault(resource);
    }

    public Node Node { get; }

    /// <summary>How much of the resource that is asked for the node has in all.</summary>
    public decimal Offered { get; }

    /// <summary>How much of it is left.</summary>
    public decimal Left { get; private set; }

    /// <summary>How many pods of a kind fit; a resource that the node does not tell of is short only where it is an extended one.</summary>
    public int Fits(IReadOnlyList<Need> needs, int most)
    {
        var fits = most;
        for (var i = 0; i < needs.Count && fits > 0; i++)
        {
            var need = needs[i];
            if (free.TryGetValue(need.Resource, out var left))
                fits = (int)Math.Min(fits, Math.Max(0, Math.Floor(left / need.Amount)));
            else if (need.IsExtended)
                fits = 0;
        }

        return fits;
    }

    /// <summary>The resource that one more pod lacks; null where it fits.</summary>
    public string? Lacks(IReadOnlyList<Need> needs)
    {
        for (var i = 0; i < needs.Count; i++)
        {
            var need = needs[i];
            if (free.TryGetValue(need.Resource, out var left) ? left < need.Amount : need.IsExtended)
                return need.Resource;
        }

        return null;
    }

    public void Take(IReadOnlyDictionary<string, decimal> demand) => Change(demand, -1);

    public void GiveBack(IReadOnlyDictionary<string, decimal> demand) => Change(demand, 1);

    private void Change(IReadOnlyDictionary<string, decimal> demand, int sign)
    {
        if (isShared)
            (free, isShared) = (new(free, StringComparer.Ordinal), false);
        foreach (var (name, amount) in demand.Where(request => free.ContainsKey(request.Key)))
            free[name] += sign * amount;
        Left = free.GetValueOrDefault(resource);
    }
}

/// <summary>Something that a pod needs.</summary>
/// <param name="Resource">Its name.</param>
/// <param name="Amount">How much, above 0.</param>
/// <param name="IsExtended">Whether a node has it only where it tells so.</param>
internal readonly record struct Need(string Resource, decimal Amount, bool IsExtended)
{
    /// <summary>What of a demand a node must have, by name.</summary>
    public static IReadOnlyList<Need> Of(IReadOnlyDictionary<string, decimal> demand) =>
        [.. demand.Where(request => request.Value > 0).OrderBy(request => request.Key, StringComparer.Ordinal).Select(request => new Need(request.Key, request.Value, request.Key.Contains('/', StringComparison.Ordinal)))];
}
