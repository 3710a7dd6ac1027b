using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>Something that happens to the LlmDeployment <c>bot</c> that serves, from its cause to its end. The same end is to come whatever is disturbed on the way.</summary>
/// <param name="Name">As in the names of tests.</param>
/// <param name="IsRouted">Whether it begins behind an HTTPRoute.</param>
/// <param name="PlayAsync">Causes it, and waits until it is over.</param>
/// <param name="MinimumLengths">Steps with traffic, in their order, and how long each must last.</param>
internal sealed record Story(string Name, bool IsRouted, Func<TestWorld, Task> PlayAsync, IReadOnlyList<(string Step, TimeSpan Length)> MinimumLengths)
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Bake = TimeSpan.FromSeconds(3);
    private static readonly RolloutStep Gate = new() { Gate = "quality" };
    private static readonly RolloutStep Endless = new() { Weight = 25, Hold = TimeSpan.FromMinutes(5) };

    public static IReadOnlyList<Story> All { get; } =
    [
        new("a promotion with gate, weights and bake", false, PromoteAsync, [("weight 25%", Hold), ("weight 50%", Hold), ("promotion", TimeSpan.Zero), ("bake 95%", Bake)]),
        new("a revert", false, world => RevertAsync(world, Canary("v2", Gate, Endless), services: 1), [("weight 25%", TimeSpan.Zero)]),
        new("a prompt-only rollout", false, PromptAsync, [("weight 25%", Hold), ("weight 50%", Hold)]),
        new("a deletion mid-canary", false, DeleteAsync, [("weight 25%", TimeSpan.Zero)]),
        new("a revert by degrees", false, RevertByDegreesAsync, [("weight 75%", TimeSpan.Zero), ("revert", TimeSpan.Zero)]),
        new("one rollout that replaces another", false, ReplaceAsync, [("weight 25%", TimeSpan.Zero)]),
        new("a promotion behind a route", true, RoutedPromotionAsync, [("weight 25%", Hold), ("weight 50%", Hold), ("promotion", TimeSpan.Zero)]),
        new("a revert behind a route", true, world => RevertAsync(world, Samples.Routed(Canary("v2", Gate, Endless)), services: 3), [("weight 25%", TimeSpan.Zero)]),
    ];

    /// <summary>The four that every fault is played on.</summary>
    public static IReadOnlyList<Story> Main { get; } = [.. All.Take(4)];

    public override string ToString() => Name;

    /// <summary>The LlmDeployment as it is at first, but for its revision: with a prompt, and slow enough that time counts.</summary>
    public static LlmDeployment Canary(string revision, params RolloutStep[] steps)
    {
        var canary = Samples.Canary(revision, prompt: "support-1.0.0", steps: steps.Length > 0 ? steps :
        [
            Gate,
            new RolloutStep { Weight = 25, Hold = Hold, MinRequests = 20 },
            new RolloutStep { Weight = 50, Hold = Hold, MinRequests = 20 },
        ]);
        return canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { ScaleDownDelay = TimeSpan.FromSeconds(1) } } };
    }

    private static async Task PromoteAsync(TestWorld world)
    {
        var canary = Canary("v2");
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Bake = Bake } } });
        await PromotedAsync(world, services: 1);
    }

    private static async Task RoutedPromotionAsync(TestWorld world)
    {
        await world.ApplyAsync(Samples.Routed(Canary("v2")));
        await PromotedAsync(world, services: 3);
    }

    private static Task<LlmDeployment> PromotedAsync(TestWorld world, int services) => world.UntilAsync(
        deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == services, "v2 is stable");

    private static async Task RevertAsync(TestWorld world, LlmDeployment canary, int services)
    {
        world.Gateway.CandidateErrorRate = 0.5;
        await world.ApplyAsync(canary);
        await RevertedAsync(world, services);
    }

    private static Task<LlmDeployment> RevertedAsync(TestWorld world, int services) => world.UntilAsync(
        deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == services, "it is reverted");

    private static async Task PromptAsync(TestWorld world)
    {
        var canary = Canary("v1");
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Prompt = new PromptReference { Name = "support-1.1.0" } } });
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Prompt: "support-1.1.0" }, "the prompt is stable");
    }

    private static async Task DeleteAsync(TestWorld world)
    {
        await world.ApplyAsync(Canary("v2", Gate, Endless));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        await world.DoAsync(world.Client.DeleteAsync<LlmDeployment>(new ObjectKey(Samples.Namespace, "bot")));
        await world.UntilAsync(() => Ending.Kinds.All(kind => world.Server.FindAll(kind, Samples.Namespace).Count == 0), () => $"everything is gone; left are {Ending.Of(world)}");
    }

    private static async Task ReplaceAsync(TestWorld world)
    {
        await world.ApplyAsync(Canary("v2", Gate, Endless));
        var held = await world.UntilAsync(deployment => deployment.Status is { Candidate: { Weight: 25, Revision: "v2" }, Rollout.Evidence: not null }, "v2 has traffic");
        world.Nodes.Jobs = run => run.Spec.Rollout == held.Status!.Rollout!.Id ? JobFate.Pass : JobFate.Fail;
        await world.ApplyAsync(Canary("v3"));
        await RevertedAsync(world, services: 1);
    }

    private static async Task RevertByDegreesAsync(TestWorld world)
    {
        var stable = world.Get().Status!.Stable!.Service;
        await world.ApplyAsync(Canary("v2", new RolloutStep { Weight = 75, Hold = TimeSpan.FromMinutes(5) }));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 75, "v2 has traffic");
        world.Nodes.MostReady = deployment => deployment.Metadata.Name == stable ? 1 : int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status!.Stable!.ReadyReplicas == 1, "stable lost a pod");
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 50, Rollout.Phase: "Reverting" }, "v2 goes");
        world.Nodes.MostReady = _ => int.MaxValue;
        await RevertedAsync(world, services: 1);
    }
}
