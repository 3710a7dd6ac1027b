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
        var needs = Need.Of(Demand.Of(question.Candidate));
        var quotas = QuotaRoom.Of(cluster.Quotas, question.Candidate, question.Stable, [.. question.LeavingPods.Select(pod => pod.Spec).OfType<PodSpec>()], [.. cluster.Claims.Where(claim => claim.Holder.Namespace == question.Deployment.Namespace)]);
        var arithmetic = CapacityArithmetic.Describe(question, survey, needs, quotas);

        // Taken off one after the other, from here on.
        var fits = new List<int>();
        for (var given = 0; given <= question.StableReplicas; given++)
        {
            var isLast = given == question.StableReplicas;
            while (survey.Stable.TryPeek(out var next) && (isLast || survey.Given < given))
                survey.Give(survey.Stable.Dequeue());
            fits.Add(quotas.Aggregate(OnNodes(survey, needs, question.Wanted), (least, quota) => Math.Min(least, quota.Fits(given, question.Wanted))));
        }

        return new(servingHash, fits.ToEquatableArray(), arithmetic);
    }

    /// <summary>How many fit, and no more than are wanted.</summary>
    private static int OnNodes(Survey survey, IReadOnlyList<Need> needs, int wanted)
    {
        var fits = 0;
        for (var i = 0; i < survey.Open.Count && fits < wanted; i++)
            fits += survey.Open[i].Fits(needs, wanted - fits);
        return fits;
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
    public required IReadOnlyList<NodeRoom> Open { get; init; }

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
        var held = new HeldAmounts(question.Deployment);
        var promised = new HeldAmounts(question.Deployment);
        var stable = new List<(Place Place, DateTimeOffset Created)>();
        foreach (var load in cluster.Nodes.Where(load => load.Offers(question.Resource)))
        {
            var (room, obstacle) = (load.Room(question.Resource), NodeMatch.Obstacle(question.Candidate, load.Node));
            nodes.Add((room, obstacle));
            foreach (var pod in load.Pods)
            {
                if (pod.Holder == question.Deployment)
                {
                    if (leaving.Contains(pod.Key))
                    {
                        room.GiveBack(pod.Demand);
                        continue;
                    }

                    if (question.StablePods.Contains(pod.Key))
                        stable.Add((new(room, pod.Demand), pod.Created));
                }

                if (obstacle is null)
                    held.Add(pod.Holder, pod.Demand.GetValueOrDefault(question.Resource));
            }
        }

        var rooms = nodes.ConvertAll(node => node.Room);
        List<NodeRoom> open = [.. nodes.Where(node => node.Obstacle is null).Select(node => node.Room)];
        var isOpen = open.ToHashSet();
        var missing = question.Stable is null ? 0 : Math.Max(0, question.StableReplicas - stable.Count);
        var waiting = question.Stable is { } own ? Put(rooms, own, missing, question.Resource) : [];
        foreach (var place in waiting)
            promised.Add(question.Deployment, place.Demand.GetValueOrDefault(question.Resource));
        foreach (var claim in cluster.Claims)
        {
            foreach (var place in Put(rooms, claim.Pod, claim.Unbound, question.Resource).Where(place => isOpen.Contains(place.Room)))
                promised.Add(claim.Holder, place.Demand.GetValueOrDefault(question.Resource));
        }

        var crowds = stable.GroupBy(pod => pod.Place.Room).ToDictionary(pods => pods.Key, pods => pods.Count());
        return new()
        {
            Nodes = nodes,
            Open = open,
            Held = held.ByName(),
            Promised = promised.ByName(),
            Stable = new(Enumerable.Repeat<Place?>(null, missing - waiting.Count).Concat(waiting).Concat(stable.OrderByDescending(pod => crowds[pod.Place.Room]).ThenByDescending(pod => pod.Created).Select(pod => (Place?)pod.Place))),
        };
    }

    /// <summary>Puts pods of a kind, one after the other, on the fullest node where one fits; those that fit nowhere take nothing and are left out.</summary>
    private static List<Place> Put(List<NodeRoom> rooms, PodSpec pod, int count, string resource)
    {
        var demand = Demand.Of(pod);
        var (needs, needed) = (Need.Of(demand), demand.GetValueOrDefault(resource));
        var places = new List<Place>();
        while (places.Count < count && Fullest(rooms, pod, needs, needed) is { } room)
        {
            room.Take(demand);
            places.Add(new(room, demand));
        }

        return places;
    }

    private static NodeRoom? Fullest(List<NodeRoom> rooms, PodSpec pod, IReadOnlyList<Need> needs, decimal needed)
    {
        NodeRoom? fullest = null;
        // What takes longer to look at comes last, and only for a node that would be the fullest.
        foreach (var room in rooms)
        {
            if (room.Left >= needed && (fullest is null || room.Left < fullest.Left) && room.Lacks(needs) is null && NodeMatch.Obstacle(pod, room.Node) is null)
                fullest = room;
        }

        return fullest;
    }
}

/// <summary>A pod on a node, or one that was put there on paper.</summary>
internal sealed record Place(NodeRoom Room, IReadOnlyDictionary<string, decimal> Demand);
