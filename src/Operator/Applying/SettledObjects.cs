using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>
/// Knows of which LlmDeployments every object was found in its place, so that nothing is worked out and compared again while a candidate with requests is looked at
/// four times a second. Guarantees: what was compared counts only until the LlmDeployment, what its pods are built from, what was decided about them, or one of its
/// objects in the caches is another. Thread safe.
/// </summary>
internal sealed class SettledObjects(ClusterView cluster)
{
    private readonly ConcurrentDictionary<ObjectKey, Sight> settled = new();

    /// <summary>
    /// What the objects that a decision asks for are compared with now; null where that is no use: no candidate has requests, the status is another than was decided on,
    /// evaluations are to be made, or a route, which others write too, is part of it.
    /// </summary>
    public Sight? Look(Gathered gathered, Decision decision)
    {
        var (deployment, key) = (gathered.Deployment, gathered.Deployment.Key());
        if (!gathered.State.CandidateIsAsked || gathered.Route is not null || decision.Gates.Count > 0 || !ReferenceEquals(cluster.LlmDeployments.Store.Get(key), deployment))
            return null;
        var index = Indexes.OfDeployment(key);
        IReadOnlyList<object?> objects =
        [
            deployment,
            gathered.Releases,
            .. gathered.Runs,
            .. cluster.Services.ListByIndex(Indexes.Deployment, index),
            .. cluster.Deployments.ListByIndex(Indexes.Deployment, index),
            .. cluster.Pods.ListByIndex(Indexes.Deployment, index),
            cluster.DisruptionBudgets.Store.Get(key),
            cluster.Autoscalers.Store.Get(key),
        ];
        return new(objects, decision.Pods);
    }

    /// <summary>Whether everything was in its place when it was compared, and that would come out again.</summary>
    public bool Has(ObjectKey deployment, Sight? sight) => sight is not null && settled.TryGetValue(deployment, out var known) && known.IsSame(sight);

    /// <summary>Everything was compared, and is in its place unless it was written.</summary>
    /// <param name="before">What there was before it was compared.</param>
    /// <param name="after">What there is now: another thing where something was written.</param>
    public void Note(ObjectKey deployment, Sight? before, Sight? after)
    {
        if (before is not null && after?.IsSame(before) == true)
            settled[deployment] = after;
        else
            Forget(deployment);
    }

    /// <summary>The LlmDeployment is gone, or its objects may be anything.</summary>
    public void Forget(ObjectKey deployment) => settled.TryRemove(deployment, out _);

    /// <summary>The very objects of the caches, and what was decided about pods.</summary>
    public sealed record Sight(IReadOnlyList<object?> Objects, EquatableArray<ServingTarget> Pods)
    {
        public bool IsSame(Sight other) => Pods == other.Pods && Objects.SequenceEqual(other.Objects, ReferenceEqualityComparer.Instance);
    }
}
