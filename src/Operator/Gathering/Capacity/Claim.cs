using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Pods that an LlmDeployment was promised room for and that have no node yet.</summary>
/// <param name="Holder">Whose they are.</param>
/// <param name="Pod">Their spec.</param>
/// <param name="Unbound">How many have no node yet.</param>
/// <param name="Uncreated">How many of these do not exist yet, so that no ResourceQuota counts them.</param>
internal sealed record Claim(ObjectKey Holder, PodSpec Pod, int Unbound, int Uncreated);

/// <summary>What an LlmDeployment's status promises its releases. Two rollouts that start at the same moment must not both count on the same GPU. Pure.</summary>
internal static class Claims
{
    /// <param name="deployment">The LlmDeployment with its newest status.</param>
    /// <param name="pods">Its pods by serving hash.</param>
    /// <param name="isBound">Whether a pod is counted on its node.</param>
    /// <param name="templateOf">Pod spec of a release; null where it is not known, and then nothing can be promised to it.</param>
    public static IEnumerable<Claim> Of(LlmDeployment deployment, ILookup<string, Pod> pods, Func<Pod, bool> isBound, Func<ReleaseStatus, PodSpec?> templateOf)
    {
        if (deployment.IsDeleting() || deployment.Status is not { } status)
            yield break;
        var stable = status.Stable is null ? 0 : status.Stable.Replicas ?? 0;
        if (status.Stable is { } serving && Claim(deployment, serving, stable, pods, isBound, templateOf) is { } kept)
            yield return kept;
        if (status.Candidate is { } tried && tried.ServingHash != status.Stable?.ServingHash && Claim(deployment, tried, Promised(deployment, status, tried), pods, isBound, templateOf) is { } promised)
            yield return promised;
    }

    /// <summary>Replicas of the candidate that its plan counts on, up to promotion.</summary>
    private static int Promised(LlmDeployment deployment, LlmDeploymentStatus status, ReleaseStatus candidate)
    {
        var all = Math.Max(1, ScalingResources.TotalReplicas(deployment.Spec));
        var asked = candidate.Replicas ?? 0;
        return status.Rollout?.Capacity switch
        {
            null => asked,
            { Fits: false } => asked,
            { Plan: CapacityPlans.TakeFromStable } room => Math.Max(asked, Math.Min(all, (room.SurgeReplicas ?? all) + ((room.GivenReplicas ?? 0) / Math.Max(1, room.GivenPerReplica ?? 1)))),
            { SurgeReplicas: { } cap } => Math.Max(asked, Math.Min(all, cap)),
            _ => Math.Max(asked, all),
        };
    }

    private static Claim? Claim(LlmDeployment deployment, ReleaseStatus release, int replicas, ILookup<string, Pod> pods, Func<Pod, bool> isBound, Func<ReleaseStatus, PodSpec?> templateOf)
    {
        var existing = pods[release.ServingHash].Where(pod => !pod.IsDeleting()).ToList();
        var unbound = replicas - existing.Count(isBound);
        return unbound > 0 && templateOf(release) is { } pod ? new(deployment.Key(), pod, unbound, Math.Max(0, replicas - existing.Count)) : null;
    }
}
