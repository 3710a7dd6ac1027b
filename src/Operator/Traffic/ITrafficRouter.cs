using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Traffic;

/// <summary>Objects of one kind, of another project, whose weights split requests. What follows knows no more of them than <see cref="RouteSight"/>.</summary>
internal interface ITrafficRouter
{
    /// <summary>Kind of the objects, as in <see cref="RouteReference.Kind"/>.</summary>
    string Kind { get; }

    /// <summary>The copies of all of them.</summary>
    IWatchedKind Routes { get; }

    /// <summary>Calls back with the route of each change. Before the copies are filled.</summary>
    void OnChange(Action<ObjectKey> changed);

    /// <summary>Calls back when the kind was found and all routes were read: from then on <see cref="Look"/> knows them. Before the copies are filled.</summary>
    void OnInstalled(Action told);

    /// <summary>What the newest known version of a route says.</summary>
    RouteSight Look(AskedRoute asked);

    /// <summary>
    /// Writes the weights of our two Services, and nothing else. Guarantees: no write where they are right; never a write on a version of the route other than the
    /// one that was read; a conflict is tried again at once on the newest, so that a revert does not wait for a back-off.
    /// RBAC: <c>get</c> and <c>patch</c> on the kind.
    /// </summary>
    /// <param name="client">May write only while this process leads.</param>
    /// <param name="weightPercent">The candidate's share.</param>
    /// <param name="mayRise">Whether the candidate's share may rise; it may always fall.</param>
    /// <exception cref="KubernetesException">The server refused, or the route changes all the time.</exception>
    Task WriteAsync(KubernetesClient client, AskedRoute asked, int weightPercent, bool mayRise, CancellationToken ct);
}

/// <summary>The route that an LlmDeployment asks to be split by.</summary>
internal sealed record AskedRoute(ObjectKey Key, RouteReference Reference, RouteBackends Backends)
{
    /// <summary>Null where the LlmDeployment names no route.</summary>
    public static AskedRoute? Of(LlmDeployment deployment) => RouteReference.Of(deployment.Spec.Traffic) is { } reference
        ? new(new(deployment.Metadata.Namespace!, reference.Name), reference, RouteBackends.Of(deployment.Metadata.Name!))
        : null;
}

/// <summary>What a route says, in nobody's own types.</summary>
/// <param name="AcceptedWeightPercent">The candidate's share that is in effect, in per cent; null where none is, or rules differ.</param>
/// <param name="Problem">Why weights of the route have no effect; null where they are in effect as they are.</param>
/// <param name="NeedsSomebody">Whether <paramref name="Problem"/> does not pass by itself.</param>
/// <param name="InEffect">A sentence that says who tells that they are in effect; null where they are not.</param>
internal sealed record RouteSight(int? AcceptedWeightPercent, Problem? Problem, bool NeedsSomebody, string? InEffect);
