namespace LlmOps.Operator.Traffic;

/// <summary>
/// How one kind of route says where its requests go, and whether that is in effect. Pure. A router is one file beside this one that says it, and a line in
/// <see cref="TrafficRouters"/>: caches, writes, the arithmetic of weights and where endpoints lead are the same for all.
/// </summary>
internal interface IRouteFormat<in T>
{
    /// <summary>What is to be installed where the kind is not served.</summary>
    string Project { get; }

    /// <summary>What messages call a rule.</summary>
    string RuleWord { get; }

    /// <summary>What messages call the destinations of a rule.</summary>
    string DestinationsWord { get; }

    /// <summary>All rules, in their order.</summary>
    IEnumerable<RouteRule> Rules(T route);

    /// <summary>JSON pointer of the weight of a destination, both by index.</summary>
    string WeightPath(int rule, int destination);

    /// <summary>Why the weights are not in effect as they are now; null where they are.</summary>
    RouteObstacle? Obstacle(T route);

    /// <summary>A sentence that says who tells that the weights are in effect, where <see cref="Obstacle"/> is none.</summary>
    string InEffect(T route);
}

/// <summary>Requests that are divided among destinations by their weights.</summary>
/// <param name="Name">Null where it has none.</param>
internal sealed record RouteRule(string? Name, IReadOnlyList<RouteDestination> Destinations);

/// <summary>One destination of a rule.</summary>
/// <param name="Service">The Service of the route's own namespace that it is; null where it is anything else.</param>
/// <param name="Weight">As it counts, where it is left out too.</param>
internal sealed record RouteDestination(string? Service, int Weight);

/// <summary>Why weights that were written are not in effect.</summary>
/// <param name="NeedsSomebody">Whether that does not pass by itself.</param>
internal sealed record RouteObstacle(string Message, bool NeedsSomebody);
