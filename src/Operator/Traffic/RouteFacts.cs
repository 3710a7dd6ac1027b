using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Traffic;

/// <summary>What is known of the HTTPRoute of an LlmDeployment and of the way from it to the pods.</summary>
internal sealed record RouteFacts
{
    /// <summary>The route; null where there is none.</summary>
    public required HttpRoute? Route { get; init; }

    public required RouteBackends Backends { get; init; }

    public required RouteReading Reading { get; init; }

    /// <summary>Why weights of the route have no effect; null where its parents accepted it as it is.</summary>
    public required Problem? Problem { get; init; }

    /// <summary>Whether <see cref="Problem"/> does not pass by itself.</summary>
    public required bool NeedsSomebody { get; init; }

    /// <summary>Why the candidate's Service leads nobody to the candidate's pods; null where it does, or there are none.</summary>
    public required Problem? EndpointsProblem { get; init; }

    /// <summary>Serving hashes that the two Services, or their endpoints, lead to.</summary>
    public required IReadOnlyList<string> Reachable { get; init; }

    /// <summary>Serving hashes of the pods that the endpoints of stable's Service lead to; empty where one is not known.</summary>
    public required IReadOnlyList<string> StableLeadsTo { get; init; }

    /// <summary>The same of the candidate's Service.</summary>
    public required IReadOnlyList<string> CandidateLeadsTo { get; init; }

    /// <summary>Serving hash that the Service of stable, or of the candidate, selects on the server; null where there is no such Service.</summary>
    public required string? StableSelects { get; init; }

    /// <inheritdoc cref="StableSelects"/>
    public required string? CandidateSelects { get; init; }

    /// <summary>The candidate's share that the route says and that all parents accepted, in per cent.</summary>
    public int? AcceptedWeightPercent => Problem is null ? Reading.WeightPercent : null;

    /// <summary>
    /// Whether the roles were swapped and the endpoints follow only in part: the candidate's Service leads to what is stable now, stable's does not yet. Each weight is
    /// right then, and the one of before spreads the requests over the pods that carried them.
    /// </summary>
    public bool IsSwapping(string stableServingHash) =>
        CandidateLeadsTo.Count > 0 && CandidateLeadsTo.All(hash => hash == stableServingHash) && StableLeadsTo.Any(hash => hash != stableServingHash);

    public TrafficObservation ToObservation() => new(AcceptedWeightPercent, Problem ?? EndpointsProblem, Reachable.ToEquatableArray());
}

/// <summary>Whether the parents of a route accepted it. Pure.</summary>
internal static class RouteAcceptance
{
    private const string Accepted = "Accepted";
    private const string ResolvedRefs = "ResolvedRefs";
    private const string GatewayKind = "Gateway";

    /// <summary>Why the route is not in effect as it is now; null where every parent it asks for accepted this generation and found its backends.</summary>
    /// <param name="refused">Whether a parent said no to this very generation.</param>
    public static string? Problem(HttpRoute route, out bool refused)
    {
        refused = false;
        var (name, ns) = (route.Metadata.Name, route.Metadata.Namespace);
        var parents = route.Spec?.ParentRefs ?? [];
        if (parents.Count == 0)
            return $"HTTPRoute {name} has no parentRefs: name the Gateway that it belongs to";
        foreach (var parent in parents)
        {
            var answers = (route.Status?.Parents ?? []).Where(answer => IsSame(answer.ParentRef, parent, ns)).ToList();
            if (answers.Count == 0)
                return $"{parent.Kind ?? GatewayKind} {parent.Name} has not accepted HTTPRoute {name} yet: see that it exists and that its controller runs";
            foreach (var condition in answers.SelectMany(answer => (string[])[Accepted, ResolvedRefs], (answer, type) => (Type: type, Found: answer.Conditions?.FirstOrDefault(condition => condition.Type == type))))
            {
                if (condition.Found is null || (condition.Found.ObservedGeneration ?? 0) < (route.Metadata.Generation ?? 0))
                    return $"{parent.Kind ?? GatewayKind} {parent.Name} has not taken up the newest weights of HTTPRoute {name} yet";
                if (condition.Found.Status == "True")
                    continue;
                refused = true;
                return $"{parent.Kind ?? GatewayKind} {parent.Name} says of HTTPRoute {name}: {condition.Type} is {condition.Found.Status} ({condition.Found.Reason}): {condition.Found.Message}";
            }
        }

        return null;
    }

    private static bool IsSame(RouteParentReference one, RouteParentReference other, string? ns) =>
        one.Name == other.Name &&
        (one.Group ?? HttpRoute.ResourceKind.Group) == (other.Group ?? HttpRoute.ResourceKind.Group) &&
        (one.Kind ?? GatewayKind) == (other.Kind ?? GatewayKind) &&
        (one.Namespace ?? ns) == (other.Namespace ?? ns) &&
        one.SectionName == other.SectionName &&
        one.Port == other.Port;

}
