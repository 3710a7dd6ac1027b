using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Tests.World;

/// <summary>Worlds as tests find them.</summary>
internal static class StartedWorld
{
    /// <summary>A world in which the first release of <c>bot</c> serves with its replicas.</summary>
    public static async Task<TestWorld> ServingAsync(string revision, Action<string>? output, int replicas = 2)
    {
        var world = await TestWorld.StartAsync(output);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary(revision, replicas: replicas));
        await world.UntilAsync(
            deployment => deployment.Status is { Candidate: null, Stable: not null } && world.EnginePods.Count == replicas,
            "the first release serves");
        return world;
    }

    /// <summary>The same behind the route <c>chat</c>, an HTTPRoute by default, which the gateway has accepted and leads to ready pods.</summary>
    public static async Task<TestWorld> RoutedAsync(string revision, Action<string>? output, int replicas = 2, RouteKind? route = null)
    {
        var world = await TestWorld.StartAsync(output, withRouter: true, route: route);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(world.Route.Routed(Samples.Canary(revision, replicas: replicas)));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null } && world.All<EndpointSlice>("endpointslices.discovery.k8s.io").Count(slice => FakeEndpoints.IsOfTrack(slice.Metadata)) == 2, "the first release serves");
        world.Server.Seed(world.Route.Route(100, 0));
        // Without a status some kinds count as accepted.
        await TestWorld.UntilAsync(() => world.Chat!["status"] is not null, "the gateway has answered");
        await world.UntilAsync(
            deployment => deployment.Status!.Conditions!.Any(condition => condition is { Type: ConditionTypes.RouteAccepted, Status: "True" }) && world.EnginePods.Count == replicas,
            "the route is accepted");
        return world;
    }
}
