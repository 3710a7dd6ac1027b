using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>The worlds in which stories begin: <c>bot</c> serves v1 with a prompt, with or without an HTTPRoute. Made once; each test gets copies.</summary>
public sealed class FaultWorlds : IAsyncLifetime
{
    /// <summary>Worlds at a time: a machine that is too busy makes clocks run ahead of the work.</summary>
    private readonly SemaphoreSlim slots = new(3);
    private TestWorld? plain;
    private TestWorld? routed;

    /// <summary>Permissions that the operator used to bring them about.</summary>
    internal IEnumerable<AccessRule> Used => plain!.Server.Access.Used.Keys.Concat(routed!.Server.Access.Used.Keys);

    public async Task InitializeAsync()
    {
        plain = await ServeAsync(withRouter: false);
        routed = await ServeAsync(withRouter: true);
    }

    public async Task DisposeAsync()
    {
        await plain!.DisposeAsync();
        await routed!.DisposeAsync();
        slots.Dispose();
    }

    /// <summary>A world for a story to begin in.</summary>
    internal Task<TestWorld> StartAsync(Story? story = null, Action<string>? output = null, bool withOperator = true) =>
        (story?.IsRouted == true ? routed! : plain!).ForkAsync(output, withOperator);

    /// <summary>Plays each of many, a few at a time, and gives what came out in their order.</summary>
    internal async Task<IReadOnlyList<TResult>> EachAsync<T, TResult>(IEnumerable<T> items, Func<T, Task<TResult>> play) =>
        await Task.WhenAll(items.Select(async item =>
        {
            await slots.WaitAsync();
            try
            {
                return await play(item);
            }
            finally
            {
                slots.Release();
            }
        }));

    private static async Task<TestWorld> ServeAsync(bool withRouter)
    {
        var world = await TestWorld.StartAsync(withOperator: false, withRouter: withRouter, time: new ManualTime());
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.AsApplied(Samples.Prompt()));
        var next = Samples.AsApplied(Samples.Prompt("support-1.1.0", "Answer {{query}} in one sentence"));
        await world.ApplyAsync(next with { Spec = next.Spec with { Version = "1.1.0" } });
        world.StartOperator();
        await world.ApplyAsync(withRouter ? Samples.Routed(Story.Canary("v1")) : Story.Canary("v1"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null } && world.EnginePods.Count == 2, "the first release serves");
        if (withRouter)
        {
            world.Server.Seed(Samples.Route());
            await world.UntilAsync(deployment => deployment.Status!.Conditions!.Any(condition => condition is { Type: ConditionTypes.RouteAccepted, Status: "True" }), "the route is accepted");
        }

        await world.QuietAsync();
        await world.StopOperatorAsync();
        await world.Nodes.DisposeAsync();
        await world.Router.DisposeAsync();
        return world;
    }
}

/// <summary>Tests with these worlds run one after the other, so that they do not take each other's time.</summary>
[CollectionDefinition(Name)]
public sealed class FaultWorldsGroup : ICollectionFixture<FaultWorlds>
{
    public const string Name = "Fault worlds";
}
