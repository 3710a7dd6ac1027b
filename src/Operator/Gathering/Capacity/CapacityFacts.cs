using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>How many replicas of a pod fit into the cluster now. Pure.</summary>
/// <remarks>
/// Counted on each node that offers the GPU resource: allocatable less what pods on it request, and less what other LlmDeployments were promised. Pods that are
/// being deleted count as gone. What only the scheduler knows (volumes, host ports, affinity between pods, topology spread, preemption) is left out: where it
/// matters, the pod waits for a node and the scheduler's message says why.
/// </remarks>
internal static class CapacityFacts
{
    public static CapacityObservation Observe(string servingHash, CapacityQuestion question, ClusterFacts cluster)
    {
        var survey = Survey.Of(question, cluster);
        var demand = Demand.Of(question.Candidate);
        var quotas = QuotaRoom.Of(cluster.Quotas, question.Candidate, question.Stable, [.. question.LeavingPods.Select(pod => pod.Spec).OfType<PodSpec>()], [.. cluster.Claims.Where(claim => claim.Holder.Namespace == question.Deployment.Namespace)]);
        var arithmetic = CapacityArithmetic.Describe(question, survey, demand, quotas);

        // Taken off one after the other, from here on.
        var fits = new List<int>();
        for (var given = 0; given <= question.StableReplicas; given++)
        {
            var isLast = given == question.StableReplicas;
            while (survey.Stable.TryPeek(out var next) && (isLast || survey.Given < given))
                survey.Give(survey.Stable.Dequeue());
            var onNodes = survey.Open.Sum(room => (long)room.Fits(demand, question.Wanted));
            fits.Add(quotas.Aggregate((int)Math.Min(onNodes, question.Wanted), (least, quota) => Math.Min(least, quota.Fits(given, question.Wanted))));
        }

        return new(servingHash, fits.ToEquatableArray(), arithmetic);
    }
}

/// <summary>The nodes with everything on them, and what of stable can be taken off.</summary>
internal sealed class Survey
{
    /// <summary>Nodes that offer the resource, with why the candidate may not go there.</summary>
    public required IReadOnlyList<(NodeRoom Room, string? Obstacle)> Nodes { get; init; }

    /// <summary>What is held on nodes where the candidate may go, by whom.</summary>
    public required IReadOnlyList<(string Holder, decimal Amount)> Held { get; init; }

    /// <summary>What of the rest others were promised, by whom.</summary>
    public required IReadOnlyList<(string Holder, decimal Amount)> Promised { get; init; }

    /// <summary>Stable's replicas in the order in which a ReplicaSet takes them: those without a node first, then from nodes with several, then the youngest.</summary>
    public required Queue<Place?> Stable { get; init; }

    /// <summary>Nodes where the candidate may go.</summary>
    public IEnumerable<NodeRoom> Open => Nodes.Where(node => node.Obstacle is null).Select(node => node.Room);

    public int Given { get; private set; }

    public void Give(Place? place)
    {
        Given++;
        place?.Room.GiveBack(place.Demand);
    }

    public static Survey Of(CapacityQuestion question, ClusterFacts cluster)
    {
        var nodes = new List<(NodeRoom Room, string? Obstacle)>();
        var leaving = question.LeavingPods.Select(pod => pod.Key()).ToHashSet();
        var held = new Dictionary<string, decimal>(StringComparer.Ordinal);
        var promised = new Dictionary<string, decimal>(StringComparer.Ordinal);
        var stable = new List<(Place Place, DateTimeOffset Created)>();
        foreach (var load in cluster.Nodes.Where(load => load.Offers(question.Resource)).OrderBy(load => load.Node.Metadata.Name, StringComparer.Ordinal))
        {
            var (room, obstacle) = (load.Room(), NodeMatch.Obstacle(question.Candidate, load.Node));
            nodes.Add((room, obstacle));
            foreach (var pod in load.Pods)
            {
                if (leaving.Contains(pod.Key))
                {
                    room.GiveBack(pod.Demand);
                    continue;
                }

                if (question.StablePods.Contains(pod.Key))
                    stable.Add((new(room, pod.Demand), pod.Created));
                if (obstacle is null)
                    Count(held, CapacityArithmetic.NameOf(pod.Holder, question.Deployment), pod.Demand.GetValueOrDefault(question.Resource));
            }
        }

        var rooms = nodes.Select(node => node.Room).ToList();
        var waiting = new List<Place?>();
        if (question.Stable is { } own)
            waiting.AddRange(Enumerable.Range(0, Math.Max(0, question.StableReplicas - stable.Count)).Select(_ => Put(rooms, own, question.Resource)).ToList());
        foreach (var place in waiting.OfType<Place>())
            Count(promised, CapacityArithmetic.NameOf(question.Deployment, question.Deployment), place.Demand.GetValueOrDefault(question.Resource));
        foreach (var claim in cluster.Claims)
        {
            for (var i = 0; i < claim.Unbound && Put(rooms, claim.Pod, question.Resource) is { } place; i++)
            {
                if (nodes.Exists(node => node.Room == place.Room && node.Obstacle is null))
                    Count(promised, CapacityArithmetic.NameOf(claim.Holder, question.Deployment), place.Demand.GetValueOrDefault(question.Resource));
            }
        }

        var crowds = stable.GroupBy(pod => pod.Place.Room).ToDictionary(pods => pods.Key, pods => pods.Count());
        return new()
        {
            Nodes = nodes,
            Held = [.. held.Select(entry => (entry.Key, entry.Value))],
            Promised = [.. promised.Select(entry => (entry.Key, entry.Value))],
            Stable = new(waiting.OrderBy(place => place is not null).Concat(stable.OrderByDescending(pod => crowds[pod.Place.Room]).ThenByDescending(pod => pod.Created).Select(pod => (Place?)pod.Place))),
        };
    }

    /// <summary>Puts a pod on the fullest node where it fits; null where it fits nowhere, and then it takes nothing.</summary>
    private static Place? Put(List<NodeRoom> rooms, PodSpec pod, string resource)
    {
        var demand = Demand.Of(pod);
        var room = rooms.Where(room => room.Fits(demand, 1) == 1 && NodeMatch.Obstacle(pod, room.Node) is null).MinBy(room => room.Free(resource));
        room?.Take(demand);
        return room is null ? null : new(room, demand);
    }

    private static void Count(Dictionary<string, decimal> amounts, string holder, decimal amount)
    {
        if (amount > 0)
            amounts[holder] = amounts.GetValueOrDefault(holder) + amount;
    }
}

/// <summary>A pod on a node, or one that was put there on paper.</summary>
internal sealed record Place(NodeRoom Room, IReadOnlyDictionary<string, decimal> Demand);
