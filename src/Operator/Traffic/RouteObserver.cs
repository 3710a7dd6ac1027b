using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Traffic;

/// <summary>Looks at the route of an LlmDeployment, its two Services and where their endpoints lead, all from caches.</summary>
internal sealed class RouteObserver(ClusterView cluster)
{
    /// <summary>Null where the LlmDeployment names no route.</summary>
    public RouteFacts? Observe(LlmDeployment deployment, RolloutState state)
    {
        if (AskedRoute.Of(deployment) is not { Backends: var backends } asked)
            return null;
        var (stableSelects, candidateSelects) = (Selects(deployment, backends.Stable), Selects(deployment, backends.Candidate));
        var (stableEndpoints, candidateEndpoints) = (Endpoints(deployment, backends.Stable), Endpoints(deployment, backends.Candidate));
        return new RouteFacts
        {
            Asked = asked,
            Sight = cluster.RouterOf(asked.Reference).Look(asked),
            EndpointsProblem = LeadsTo(state.Candidate?.ServingHash, candidateSelects, candidateEndpoints)
                ? null
                : new(RolloutReasons.WaitingForRoute, $"waits until Service {backends.Candidate} leads to ready pods of release {state.Candidate?.Hash}"),
            Reachable = [.. new[] { stableSelects, candidateSelects }.OfType<string>()
                .Concat(stableEndpoints.Concat(candidateEndpoints).Select(endpoint => endpoint.ServingHash).OfType<string>())
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            StableLeadsTo = [.. stableEndpoints.Select(endpoint => endpoint.ServingHash ?? string.Empty)],
            CandidateLeadsTo = [.. candidateEndpoints.Select(endpoint => endpoint.ServingHash ?? string.Empty)],
            StableSelects = stableSelects,
            CandidateSelects = candidateSelects,
        };
    }

    private string? Selects(LlmDeployment deployment, string service) =>
        cluster.Services.Store.Get(new ObjectKey(deployment.Metadata.Namespace!, service)) is { } found && Ownership.IsOwnedBy(found, deployment)
            ? found.Spec?.Selector?.GetValueOrDefault(Labels.Serving)
            : null;

    private List<(string? ServingHash, bool IsReady)> Endpoints(LlmDeployment deployment, string service) => (
        from endpoint in cluster.EndpointsOf(deployment.Key(), service)
        let pod = cluster.Pods.Store.Get(new ObjectKey(deployment.Metadata.Namespace!, endpoint.TargetRef!.Name!))
        select (pod?.Metadata.Labels?.GetValueOrDefault(Labels.Serving), endpoint.Conditions?.Ready != false)).ToList();

    private static bool LeadsTo(string? servingHash, string? selects, List<(string? ServingHash, bool IsReady)> endpoints) =>
        servingHash is not null && selects == servingHash && endpoints.Any(endpoint => endpoint.IsReady) && endpoints.TrueForAll(endpoint => endpoint.ServingHash == servingHash);
}
