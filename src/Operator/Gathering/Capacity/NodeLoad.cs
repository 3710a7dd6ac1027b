using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>A pod on a node.</summary>
/// <param name="Key">Which.</param>
/// <param name="Holder">The LlmDeployment that it belongs to; null for a foreign one.</param>
/// <param name="Demand">What it requests, by resource name.</param>
/// <param name="Created">When it was created.</param>
internal sealed record LoadedPod(ObjectKey Key, ObjectKey? Holder, IReadOnlyDictionary<string, decimal> Demand, DateTimeOffset Created)
{
    public static LoadedPod Of(BoundPod foreign) => new(foreign.Key(), null, Capacity.Demand.Of(foreign), CreatedAt(foreign.Metadata));

    public static LoadedPod Of(Pod own, ObjectKey? holder) => new(own.Key(), holder, Capacity.Demand.Of(own.Spec!), CreatedAt(own.Metadata));

    private static DateTimeOffset CreatedAt(ObjectMeta metadata) => metadata.CreationTimestamp ?? DateTimeOffset.MinValue;
}

/// <summary>A node and the pods on it that are not being deleted, with their quantities read: worked out once per change of it, and asked by every rollout that looks for room. Immutable.</summary>
internal sealed class NodeLoad
{
    private readonly Dictionary<string, decimal> allocatable;
    private readonly Dictionary<string, decimal> free;

    private NodeLoad(Node node, IReadOnlyList<LoadedPod> pods, Dictionary<string, decimal> allocatable, Dictionary<string, decimal> free) =>
        (Node, Pods, this.allocatable, this.free) = (node, pods, allocatable, free);

    public Node Node { get; }

    public IReadOnlyList<LoadedPod> Pods { get; }

    /// <param name="node">The node.</param>
    /// <param name="pods">Pods on it that have not ended and are not being deleted.</param>
    public static NodeLoad Of(Node node, IEnumerable<LoadedPod> pods)
    {
        var allocatable = (node.Status?.Allocatable ?? new Dictionary<string, string>()).ToDictionary(resource => resource.Key, resource => Demand.Amount(resource.Value), StringComparer.Ordinal);
        var free = new Dictionary<string, decimal>(allocatable, StringComparer.Ordinal);
        var shapes = new List<IReadOnlyDictionary<string, decimal>>();
        var loaded = pods.Select(pod => pod with { Demand = Share(pod.Demand, shapes) }).ToList();
        foreach (var (name, amount) in loaded.SelectMany(pod => pod.Demand).Where(request => free.ContainsKey(request.Key)))
            free[name] -= amount;
        return new(node, loaded, allocatable, free);
    }

    /// <summary>Pods of a node mostly want the same.</summary>
    private static IReadOnlyDictionary<string, decimal> Share(IReadOnlyDictionary<string, decimal> demand, List<IReadOnlyDictionary<string, decimal>> shapes)
    {
        if (shapes.Find(shape => shape.Count == demand.Count && shape.All(entry => demand.TryGetValue(entry.Key, out var amount) && amount == entry.Value)) is { } known)
            return known;
        shapes.Add(demand);
        return demand;
    }

    public bool Offers(string resource) => allocatable.GetValueOrDefault(resource) > 0;

    /// <summary>What is left, to be taken from on paper.</summary>
    /// <param name="resource">The resource that is asked for.</param>
    public NodeRoom Room(string resource) => new(Node, free, resource, allocatable.GetValueOrDefault(resource));
}
