using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Traffic;

/// <inheritdoc cref="ITrafficRouter"/>
internal sealed class TrafficRouter<T>(IRouteFormat<T> format, OptionalKind<T> routes) : ITrafficRouter
    where T : class, IResource<T>
{
    private const int Attempts = 5;

    public string Kind => T.ResourceKind.Kind;

    public IWatchedKind Routes => routes;

    public void OnChange(Action<ObjectKey> changed) => routes.OnChange(route => changed(route.Key()));

    public void OnInstalled(Action told) => routes.OnInstalled(told);

    public RouteSight Look(AskedRoute asked)
    {
        if (!routes.IsInstalled)
            return Missing(asked, $"cannot be read: install {format.Project} ({T.ResourceKind.ApiVersion}), and let the operator list {Kind}s");
        if (routes.Store.Get(asked.Key) is not { } route)
            return Missing(asked, $"does not exist: create it, or name another one in {asked.Reference.Field}");
        if (route.IsDeleting())
            return Missing(asked, $"is being deleted: create it, or name another one in {asked.Reference.Field}");
        var reading = RouteWeights.Read(format, route, asked);
        if (reading.Problem is { } problem)
            return new(null, new(Reasons.RouteWithoutBackends, problem), true, null);
        return format.Obstacle(route) is { } obstacle
            ? new(null, new(Reasons.RouteNotAccepted, obstacle.Message), obstacle.NeedsSomebody, null)
            : new(reading.WeightPercent, null, false, format.InEffect(route));
    }

    public async Task WriteAsync(KubernetesClient client, AskedRoute asked, int weightPercent, bool mayRise, CancellationToken ct)
    {
        // The newest known: an earlier write of this very reconcile may have changed it.
        var route = routes.Store.Get(asked.Key);
        for (var attempt = 1; route is not null; attempt++)
        {
            if (RouteWeights.Patch(format, route, RouteWeights.Read(format, route, asked), weightPercent, mayRise) is not { } patch)
                return;
            try
            {
                routes.Store.Note(await client.JsonPatchAsync<T>(asked.Key, patch, ApiGroup.OperatorFieldManager, ct));
                return;
            }
            catch (KubernetesException e) when ((e.IsConflict || e.IsInvalid) && attempt < Attempts)
            {
                // Invalid: a rule or destination went, so that a path of the patch leads nowhere, which the server looks at before the version.
                route = await client.GetAsync<T>(asked.Key, ct);
            }
            catch (KubernetesException e) when (e.IsNotFound)
            {
                // Gone meanwhile: the next look says so.
                return;
            }
        }
    }

    private static RouteSight Missing(AskedRoute asked, string what) => new(null, new(Reasons.RouteNotFound, $"{asked.Reference} {what}"), true, null);
}
