using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Asks the caches what room there is. Reads what this process wrote too, so that a promise counts from the moment it is written.</summary>
internal sealed class CapacityReader(ClusterView cluster)
{
    private readonly NodeBook nodes = new(cluster);
    private readonly ClaimBook claims = new(cluster);

    /// <summary>
    /// Room for the release that is to start, or that waits for it; null where it does not matter: on stable's pods, for a locked release, with requests on it. While
    /// a person rolls back that is the release that they go back to.
    /// </summary>
    /// <param name="sought">The release that is to start; see <see cref="Sought"/>.</param>
    public CapacityObservation? Observe(LlmDeployment deployment, RolloutPlan plan, RolloutState state, ReleaseBook releases, Release? sought)
    {
        if (sought is null || releases.Serving(sought.ServingHash) is not { Template.Spec: { } pod } record || sought.ServingHash == state.Stable?.ServingHash ||
            state.Failed.Any(failed => failed.Hash == sought.Hash) || (state.Candidate?.Hash == sought.Hash && state.Current is not { Phase: RolloutPhase.Starting, WeightPercent: 0 }))
        {
            return null;
        }

        var wanted = Math.Max(1, plan.Replicas);
        if (plan.GpusPerReplica == 0)
            return new(sought.ServingHash, [wanted], "a replica needs no GPU");
        var own = cluster.OwnPods(deployment.Key());
        var stable = own.Where(pod => state.Stable is { } serving && pod.Metadata.Labels!.GetValueOrDefault(Labels.Serving) == serving.ServingHash).ToList();
        var question = new CapacityQuestion
        {
            Deployment = deployment.Key(),
            Candidate = pod,
            Resource = PodTemplateBuilder.GpuResource(record.Release.Resources),
            Wanted = wanted,
            Stable = state.Stable is { } release ? releases.Serving(release.ServingHash)?.Template.Spec : null,
            StableReplicas = state.Stable is null ? 0 : plan.Replicas,
            StablePods = stable.Select(pod => pod.Key()).ToHashSet(),
            LeavingPods = [.. own.Except(stable)],
        };
        return CapacityFacts.Observe(sought.ServingHash, question, Facts(deployment));
    }

    /// <summary>The release that needs room: one that is rolled back to, or that the next action asks to go back to, before the spec's.</summary>
    public static Release? Sought(RolloutPlan plan, RolloutState state, EquatableArray<RequestedAction> actions, EquatableArray<KnownRelease> known) =>
        state is { Candidate: { } candidate, Current.Kind: RolloutKind.Rollback } ? candidate
        : actions is [{ Kind: ActionKind.Rollback, Release: { } hash }, ..] && known.FirstOrDefault(release => release.Release.Hash == hash) is { } target ? target.Release
        : plan.Desired;

    /// <summary>The numbers about a pod that has no node.</summary>
    public string Explain(LlmDeployment deployment, Pod pod, string resource) => CapacityFacts.Observe(
        string.Empty,
        new CapacityQuestion { Deployment = deployment.Key(), Candidate = pod.Spec!, Resource = resource, Wanted = 1 },
        Facts(deployment)).Arithmetic;

    /// <inheritdoc cref="ClaimBook.Promise"/>
    public void Promise(LlmDeployment deployment, PodSpec? candidate) => claims.Promise(deployment, candidate);

    /// <inheritdoc cref="ClaimBook.Settle"/>
    public void Settle(ObjectKey key) => claims.Settle(key);

    private ClusterFacts Facts(LlmDeployment asking) => new()
    {
        Nodes = nodes.Read(),
        Quotas = cluster.Quotas.ListByIndex(Indexes.Namespace, asking.Metadata.Namespace!),
        Claims = claims.OfOthers(asking.Key()),
    };
}
