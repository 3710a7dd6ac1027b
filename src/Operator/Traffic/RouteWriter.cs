using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Traffic;

/// <summary>
/// Writes the weights of our two Services on an HTTPRoute, and nothing else of it. Guarantees: no write where they are right; never a write on a version of the
/// route other than the one that was read; a conflict is tried again at once on the newest, so that a revert does not wait for a back-off.
/// RBAC: <c>get</c> and <c>patch</c> on httproutes.
/// </summary>
internal sealed class RouteWriter(KubernetesClient client, ClusterView cluster)
{
    private const int Attempts = 5;

    /// <param name="facts">The route as it was gathered.</param>
    /// <param name="rules">As in <c>traffic.httpRoute.rules</c>.</param>
    /// <param name="weightPercent">The candidate's share.</param>
    /// <param name="mayRise">Whether the candidate's share may rise; it may always fall.</param>
    /// <exception cref="KubernetesException">The server refused, or the route changes all the time.</exception>
    public async Task WriteAsync(RouteFacts facts, IReadOnlyList<string>? rules, int weightPercent, bool mayRise, CancellationToken ct)
    {
        // The newest known: an earlier write of this very reconcile may have changed it.
        var route = facts.Route is null ? null : cluster.Routes.Store.Get(facts.Route.Key());
        for (var attempt = 1; route is not null; attempt++)
        {
            if (RouteWeights.Patch(route, RouteWeights.Read(route, facts.Backends, rules), weightPercent, mayRise) is not { } patch)
                return;
            try
            {
                cluster.Routes.Store.Note(await client.JsonPatchAsync<HttpRoute>(route.Key(), patch, ApiGroup.OperatorFieldManager, ct));
                return;
            }
            catch (KubernetesException e) when ((e.IsConflict || e.IsInvalid) && attempt < Attempts)
            {
                // Invalid: a rule or backend went, so that a path of the patch leads nowhere, which the server looks at before the version.
                route = await client.GetAsync<HttpRoute>(route.Key(), ct);
            }
            catch (KubernetesException e) when (e.IsNotFound)
            {
                // Gone meanwhile: the next look says so.
                return;
            }
        }
    }
}
