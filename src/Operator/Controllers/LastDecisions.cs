using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// The last decision about each LlmDeployment with everything that it was made from, so that a person can see why. Keeps the <c>capacity</c> that were decided
/// last; those with a candidate, which are asked for, before all others. Thread safe.
/// </summary>
/// <param name="capacity">Most LlmDeployments that are kept, 1 or more. Default: 1,000, of some kilobytes each.</param>
internal sealed class LastDecisions(int capacity = LastDecisions.DefaultCapacity)
{
    public const int DefaultCapacity = 1000;

    private readonly Lock sync = new();
    private readonly Dictionary<ObjectKey, LinkedListNode<LastDecision>> byKey = [];

    /// <summary>Those without a candidate; the one that was decided longest ago comes first.</summary>
    private readonly LinkedList<LastDecision> atRest = new();

    /// <summary>Those with a candidate, in the same order.</summary>
    private readonly LinkedList<LastDecision> underWay = new();

    public void Keep(Gathered gathered, Decision decision, DateTimeOffset decidedAt)
    {
        var key = gathered.Deployment.Key();
        var last = new LastDecision(key.Namespace!, key.Name, decidedAt, gathered.Deployment.Metadata.ResourceVersion, gathered.Spec.Plan, gathered.State, gathered.Observation, decision);
        lock (sync)
        {
            Drop(key);
            byKey[key] = (decision.Next.Candidate is null ? atRest : underWay).AddLast(last);
            if (byKey.Count > capacity && (atRest.First ?? underWay.First) is { Value: var oldest })
                Drop(new(oldest.Namespace, oldest.Name));
        }
    }

    public void Forget(ObjectKey key)
    {
        lock (sync)
            Drop(key);
    }

    public LastDecision? Find(ObjectKey key)
    {
        lock (sync)
            return byKey.GetValueOrDefault(key)?.Value;
    }

    private void Drop(ObjectKey key)
    {
        if (byKey.Remove(key, out var node))
            node.List!.Remove(node);
    }
}

/// <summary>A decision and what it was made from: with these values, deciding again gives the same.</summary>
/// <param name="ResourceVersion">Version of the LlmDeployment that was decided on.</param>
internal sealed record LastDecision(
    string Namespace, string Name, DateTimeOffset DecidedAt, string? ResourceVersion, RolloutPlan Plan, RolloutState Before, Observation Observation, Decision Decision);
