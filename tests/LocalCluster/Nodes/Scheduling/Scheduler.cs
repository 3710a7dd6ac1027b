using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Scheduling;

/// <summary>
/// Plays the scheduler: binds each pending pod to a node that has room, oldest first; a pod that fits nowhere stays
/// Pending with the condition that kube-scheduler writes. A pod that is ending holds its resources until it has gone.
/// </summary>
internal sealed class Scheduler(KubernetesClient client, ClusterView view, TimeProvider time)
{
    /// <summary>All pods in one pass: the queue has a single key, so passes never overlap.</summary>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken ct)
    {
        if (view.Pods.Store.List().All(pod => !IsPending(pod)))
            return ReconcileResult.Done;

        // Listed, not taken from the cache: a cache that is behind would place two pods on one GPU.
        var pods = (await client.ListAsync<Pod>(null, null, ct)).Items.ToList();
        var nodes = (await client.ListAsync<Node>(null, null, ct)).Items.OrderBy(node => node.Metadata.Name, StringComparer.Ordinal).ToList();
        foreach (var pod in pods.Where(IsPending).OrderBy(pod => pod.Metadata.CreationTimestamp).ToList())
        {
            var placement = NodeFit.Place(pod, [.. nodes.Select(node => NodeFit.Room(node, pods))]);
            if (placement.NodeName is not { } name)
                await ExplainAsync(pod, placement.Message!, ct);
            else if (await BindAsync(pod, name, ct))
                pods[pods.IndexOf(pod)] = pod with { Spec = pod.Spec! with { NodeName = name } };
        }

        return ReconcileResult.Done;
    }

    private static bool IsPending(Pod pod) => string.IsNullOrEmpty(pod.Spec?.NodeName) && pod.IsActive();

    /// <summary>False when the pod has gone meanwhile.</summary>
    private async Task<bool> BindAsync(Pod pod, string node, CancellationToken ct)
    {
        try
        {
            // The control plane here has no pods/binding; it lets the scheduler's user set the field.
            await client.MergePatchAsync<Pod>(pod.Key(), new JsonObject { ["spec"] = new JsonObject { ["nodeName"] = node } }, ct: ct);
            return true;
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    private async Task ExplainAsync(Pod pod, string message, CancellationToken ct)
    {
        var last = pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "PodScheduled");
        if (last?.Message == message)
            return;
        var condition = new PodCondition
        {
            Type = "PodScheduled",
            Status = "False",
            Reason = "Unschedulable",
            Message = message,
            LastTransitionTime = last?.LastTransitionTime ?? time.GetUtcNow(),
        };
        try
        {
            await client.WriteStatusAsync(pod, pod with { Status = (pod.Status ?? new()) with { Phase = "Pending", Conditions = [condition] } }, ct);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            // Deleted while it waited.
        }
    }
}
