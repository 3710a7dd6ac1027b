using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>The nodes with what is on them, kept up with the caches: only nodes that something changed on are worked out again. Thread safe.</summary>
internal sealed class NodeBook
{
    private readonly ClusterView cluster;
    private readonly Lock sync = new();
    private readonly SortedDictionary<string, NodeLoad> loads = new(StringComparer.Ordinal);
    private readonly ChangedKeys<string> changed = new();
    private IReadOnlyList<NodeLoad>? all;

    public NodeBook(ClusterView cluster)
    {
        this.cluster = cluster;
        cluster.Nodes.OnChange(node => changed.Add(node.Metadata.Name!));
        cluster.BoundPods.OnChange((before, after) =>
        {
            Mark(before?.Spec?.NodeName);
            Mark(after?.Spec?.NodeName);
        });
        cluster.Pods.OnChange((before, after) =>
        {
            Mark(before?.Spec?.NodeName);
            Mark(after?.Spec?.NodeName);
        });
        // Whose a pod is depends on whether they are there.
        cluster.LlmDeployments.OnChange((before, after) =>
        {
            if (before is not null && after is not null)
                return;
            foreach (var pod in cluster.Pods.ListByIndex(Indexes.Deployment, Indexes.OfDeployment((after ?? before!).Key())))
                Mark(pod.Spec?.NodeName);
        });
    }

    /// <summary>All nodes, by name.</summary>
    public IReadOnlyList<NodeLoad> Read()
    {
        lock (sync)
        {
            foreach (var name in changed.Take())
            {
                all = null;
                if (cluster.Nodes.Store.Get(new ObjectKey(string.Empty, name)) is { } node)
                    loads[name] = NodeLoad.Of(node, PodsOn(name));
                else
                    loads.Remove(name);
            }

            return all ??= [.. loads.Values];
        }
    }

    private void Mark(string? node)
    {
        if (node is { Length: > 0 })
            changed.Add(node);
    }

    private IEnumerable<LoadedPod> PodsOn(string node) =>
        cluster.BoundPods.ListByIndex(Indexes.Node, node).Where(pod => !pod.IsDeleting() && cluster.Pods.Store.Get(pod.Key()) is null)
            .Select(LoadedPod.Of)
            .Concat(cluster.Pods.ListByIndex(Indexes.Node, node).Where(pod => !pod.IsDeleting()).Select(pod => LoadedPod.Of(pod, HolderOf(pod))));

    /// <summary>Null for the pod of an evaluation, which belongs to nobody's replicas.</summary>
    private ObjectKey? HolderOf(Pod pod) =>
        Indexes.ByLabel(pod.Metadata, Labels.Deployment).FirstOrDefault() is { } index && cluster.LlmDeployments.ListByIndex(Indexes.Deployment, index) is [var holder, ..] ? holder.Key() : null;
}
