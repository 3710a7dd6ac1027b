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
            deployment => deployment.Status is { Candidate: null, Stable: not null } && world.All<Pod>("pods").Count == replicas,
            "the first release serves");
        return world;
    }
}
