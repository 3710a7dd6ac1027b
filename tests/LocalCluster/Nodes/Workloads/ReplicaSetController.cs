using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Workloads;

/// <summary>Plays the ReplicaSet controller: creates the pods that are missing, deletes those that are too many.</summary>
internal sealed class ReplicaSetController(KubernetesClient client, ClusterView view)
{
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (view.ReplicaSets.Store.Get(key) is not { Spec: { Template: { } template } spec } set || set.IsDeleting())
            return ReconcileResult.Done;

        // Listed, not taken from the cache: a cache that is behind would make pods twice.
        var all = await client.ListAsync<Pod>(key.Namespace, new() { LabelSelector = Labels.ToText(spec.Selector?.MatchLabels) }, ct);
        var pods = all.Items.Where(pod => pod.IsActive() && pod.Metadata.IsControlledBy(set.Metadata.Uid)).ToList();
        var missing = (spec.Replicas ?? 1) - pods.Count;
        for (var i = 0; i < missing; i++)
            pods.Add(await client.CreateAsync(Pods.Instantiate(template, key.Namespace, key.Name, set.ControllerReference(), template.Metadata?.Labels ?? new Dictionary<string, string>()), ct));
        foreach (var pod in missing < 0 ? [.. pods.OrderBy(DeletionRank).ThenByDescending(pod => pod.Metadata.CreationTimestamp).Take(-missing)] : (List<Pod>)[])
        {
            await client.DeleteAsync<Pod>(pod.Key(), new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, ct);
            pods.Remove(pod);
        }

        var ready = pods.Count(Pods.IsReady);
        var status = new ReplicaSetStatus { ObservedGeneration = set.Metadata.Generation, Replicas = pods.Count, ReadyReplicas = ready, AvailableReplicas = ready };
        await client.WriteStatusAsync(set, set with { Status = status }, ct);
        return ReconcileResult.Done;
    }

    /// <summary>Which pod is missed least, as controller.ActivePods sorts: not placed, not running, not ready.</summary>
    private static int DeletionRank(Pod pod) => pod switch
    {
        { Spec.NodeName: null or "" } => 0,
        { Status.Phase: not "Running" } => 1,
        _ when !pod.IsReady() => 2,
        _ => 3,
    };
}
