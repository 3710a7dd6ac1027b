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

    /// <summary>The same behind the HTTPRoute <c>chat</c>, which the gateway has accepted and leads to ready pods.</summary>
    public static async Task<TestWorld> RoutedAsync(string revision, Action<string>? output, int replicas = 2)
    {
        var world = await TestWorld.StartAsync(output, withRouter: true);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Routed(Samples.Canary(revision, replicas: replicas)));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null } && world.All<EndpointSlice>("endpointslices.discovery.k8s.io").Count(slice => FakeEndpoints.IsOfTrack(slice.Metadata)) == 2, "the first release serves");
        world.Server.Seed(Samples.Route());
        await world.UntilAsync(
            deployment => deployment.Status!.Conditions!.Any(condition => condition is { Type: ConditionTypes.RouteAccepted, Status: "True" }) && world.EnginePods.Count == replicas,
            "the route is accepted");
        return world;
    }
}
