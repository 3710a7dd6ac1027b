using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>What a node has left.</summary>
/// <param name="node">The node.</param>
/// <param name="free">By resource name.</param>
internal sealed class NodeRoom(Node node, Dictionary<string, decimal> free)
{
    public Node Node => node;

    public static NodeRoom Of(Node node) => new(
        node, (node.Status?.Allocatable ?? new Dictionary<string, string>()).ToDictionary(resource => resource.Key, resource => Demand.Amount(resource.Value), StringComparer.Ordinal));

    /// <summary>What is free, by resource name: a copy.</summary>
    public Dictionary<string, decimal> ToDictionary() => new(free, StringComparer.Ordinal);

    public decimal Free(string resource) => free.GetValueOrDefault(resource);

    /// <summary>How many pods of a kind fit; a resource that the node does not tell of is short only where it is an extended one.</summary>
    public int Fits(IReadOnlyDictionary<string, decimal> demand, int most)
    {
        var fits = most;
        foreach (var (name, amount) in demand.Where(request => request.Value > 0 && (free.ContainsKey(request.Key) || IsExtended(request.Key))))
            fits = (int)Math.Min(fits, Math.Max(0, Math.Floor(Free(name) / amount)));
        return fits;
    }

    /// <summary>The resource that one more pod lacks; null where it fits.</summary>
    public string? Lacks(IReadOnlyDictionary<string, decimal> demand) => demand.Keys.Order(StringComparer.Ordinal).FirstOrDefault(name => Fits(new Dictionary<string, decimal> { [name] = demand[name] }, 1) == 0);

    public void Take(IReadOnlyDictionary<string, decimal> demand) => Change(demand, -1);

    public void GiveBack(IReadOnlyDictionary<string, decimal> demand) => Change(demand, 1);

    private void Change(IReadOnlyDictionary<string, decimal> demand, int sign)
    {
        foreach (var (name, amount) in demand.Where(request => free.ContainsKey(request.Key)))
            free[name] += sign * amount;
    }

    private static bool IsExtended(string resource) => resource.Contains('/', StringComparison.Ordinal);
}
