using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Workloads;

/// <summary>Plays the Deployment controller: one ReplicaSet per pod template, moved by <see cref="RolloutArithmetic"/>.</summary>
/// <remarks>Not played: pause, rollback, minReadySeconds, proportional scaling during a rollout.</remarks>
internal sealed class DeploymentController(KubernetesClient client, ClusterView view, TimeProvider time)
{
    private const string HashLabel = "pod-template-hash";
    private const string RevisionAnnotation = "deployment.kubernetes.io/revision";
    private const int DefaultHistoryLimit = 10;

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (view.Deployments.Store.Get(key) is not { Spec: { Template: not null } spec } deployment || deployment.IsDeleting())
            return ReconcileResult.Done;

        // Listed, not taken from the cache: a cache that is behind would make a second ReplicaSet or a second step.
        var sets = (await client.ListAsync<ReplicaSet>(key.Namespace, new() { LabelSelector = Labels.ToText(spec.Selector?.MatchLabels) }, ct))
            .Items.Where(set => set.Metadata.IsControlledBy(deployment.Metadata.Uid)).OrderBy(set => set.Metadata.CreationTimestamp).ToList();
        var hash = Pods.SafeHash(JsonSerializer.SerializeToUtf8Bytes(spec.Template, KubernetesJson.Default.PodTemplateSpec));
        var current = sets.FirstOrDefault(set => set.Metadata.Labels?.GetValueOrDefault(HashLabel) == hash);
        var old = sets.Where(set => set != current).ToList();

        current = await StepAsync(deployment, current, old, hash, ct);
        if (current is not null)
            await RecordRevisionAsync(deployment, current, old, ct);
        await PruneAsync(spec, old, ct);
        var status = DeploymentProgress.Status(deployment, current, [.. old, .. current is null ? [] : new[] { current }], time.GetUtcNow());
        await client.WriteStatusAsync(deployment, deployment with { Status = status }, ct);
        return DeploymentProgress.TimeToDeadline(deployment, status, time.GetUtcNow()) is { } left ? ReconcileResult.After(left) : ReconcileResult.Done;
    }

    /// <summary>One step of the strategy; returns the ReplicaSet of the present template, null while Recreate waits for old pods.</summary>
    private async Task<ReplicaSet?> StepAsync(Deployment deployment, ReplicaSet? current, List<ReplicaSet> old, string hash, CancellationToken ct)
    {
        var desired = deployment.Spec!.Replicas ?? 1;
        if (deployment.Spec.Strategy?.Type == "Recreate")
        {
            await Task.WhenAll(old.Where(set => set.Spec?.Replicas > 0).Select(set => ScaleAsync(set, 0, ct)));
            if (await OldPodsRemainAsync(deployment, old, ct))
                return current;
            return current is null ? await CreateAsync(deployment, hash, desired, ct) : await ScaleAsync(current, desired, ct);
        }

        var (maxSurge, maxUnavailable) = RolloutArithmetic.Bounds(deployment.Spec.Strategy?.RollingUpdate, desired);
        var newSize = RolloutArithmetic.NewSize(desired, maxSurge, Size(current), old.Sum(set => set.Spec?.Replicas ?? 0));
        var created = current is null;
        current = current is null ? await CreateAsync(deployment, hash, newSize, ct) : current;
        if (!created && current.Spec?.Replicas != newSize)
            return await ScaleAsync(current, newSize, ct);

        var sizes = RolloutArithmetic.OldSizes(desired, maxUnavailable, Size(current), [.. old.Select(Size)]);
        for (var i = 0; i < old.Count; i++)
            await ScaleAsync(old[i], sizes[i], ct);
        return current;
    }

    private static ReplicaSetSize Size(ReplicaSet? set) => new(set?.Spec?.Replicas ?? 0, set?.Status?.AvailableReplicas ?? 0);

    private async Task<bool> OldPodsRemainAsync(Deployment deployment, List<ReplicaSet> old, CancellationToken ct)
    {
        if (old.Count == 0)
            return false;
        var pods = await client.ListAsync<Pod>(deployment.Metadata.Namespace, new() { LabelSelector = Labels.ToText(deployment.Spec!.Selector?.MatchLabels) }, ct);
        return pods.Items.Any(pod => !pod.HasEnded() && old.Any(set => pod.Metadata.IsControlledBy(set.Metadata.Uid)));
    }

    private async Task<ReplicaSet> CreateAsync(Deployment deployment, string hash, int replicas, CancellationToken ct)
    {
        var template = deployment.Spec!.Template!;
        var labels = template.Metadata?.Labels.With((HashLabel, hash)) ?? new() { [HashLabel] = hash };
        var set = new ReplicaSet
        {
            Metadata = new()
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                Namespace = deployment.Metadata.Namespace,
                Labels = labels,
                OwnerReferences = [deployment.ControllerReference()],
            },
            Spec = new()
            {
                Replicas = replicas,
                Selector = new() { MatchLabels = deployment.Spec.Selector?.MatchLabels.With((HashLabel, hash)) },
                Template = template with { Metadata = (template.Metadata ?? new()) with { Labels = labels } },
            },
        };
        return await client.CreateAsync(set, ct);
    }

    private async Task<ReplicaSet> ScaleAsync(ReplicaSet set, int replicas, CancellationToken ct)
    {
        if (set.Spec?.Replicas == replicas)
            return set;
        return await client.MergePatchAsync<ReplicaSet>(set.Key(), new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }, ct: ct);
    }

    /// <summary>What <c>kubectl rollout history</c> reads: the newest template has the highest revision.</summary>
    private async Task RecordRevisionAsync(Deployment deployment, ReplicaSet current, List<ReplicaSet> old, CancellationToken ct)
    {
        var highest = old.Select(Revision).DefaultIfEmpty(0).Max();
        var revision = Math.Max(Revision(current), highest + 1).ToString(CultureInfo.InvariantCulture);
        var patch = () => new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [RevisionAnnotation] = revision } } };
        if (current.Metadata.Annotations?.GetValueOrDefault(RevisionAnnotation) != revision)
            await client.MergePatchAsync<ReplicaSet>(current.Key(), patch(), ct: ct);
        if (deployment.Metadata.Annotations?.GetValueOrDefault(RevisionAnnotation) != revision)
            await client.MergePatchAsync<Deployment>(deployment.Key(), patch(), ct: ct);
    }

    private static int Revision(ReplicaSet set) =>
        int.TryParse(set.Metadata.Annotations?.GetValueOrDefault(RevisionAnnotation), out var revision) ? revision : 0;

    private async Task PruneAsync(DeploymentSpec spec, List<ReplicaSet> old, CancellationToken ct)
    {
        var empty = old.Where(set => set is { Spec.Replicas: 0, Status: null or { Replicas: 0 } }).OrderBy(Revision).ToList();
        foreach (var set in empty.SkipLast(spec.RevisionHistoryLimit ?? DefaultHistoryLimit))
            await client.DeleteAsync<ReplicaSet>(set.Key(), new() { PropagationPolicy = "Background" }, ct);
    }
}
