using LlmOps.Rollouts;

namespace LlmOps.Operator.Traffic;

/// <summary>What is known of the route of an LlmDeployment and of the way from it to the pods, whatever kind of route it is.</summary>
internal sealed record RouteFacts
{
    /// <summary>The route that the LlmDeployment names.</summary>
    public required AskedRoute Asked { get; init; }

    /// <summary>What the route says.</summary>
    public required RouteSight Sight { get; init; }

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

    /// <summary>
    /// Whether the roles were swapped and the endpoints follow only in part: the candidate's Service leads to what is stable now, stable's does not yet. Each weight is
    /// right then, and the one of before spreads the requests over the pods that carried them.
    /// </summary>
    public bool IsSwapping(string stableServingHash) =>
        CandidateLeadsTo.Count > 0 && CandidateLeadsTo.All(hash => hash == stableServingHash) && StableLeadsTo.Any(hash => hash != stableServingHash);

    public TrafficObservation ToObservation() => new(Sight.AcceptedWeightPercent, Sight.Problem ?? EndpointsProblem, Reachable.ToEquatableArray());
}
