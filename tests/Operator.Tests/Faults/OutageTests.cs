using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>An API server that refuses, is slow or silent for a while: it is asked seldom, and what was to be done is done afterwards.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class OutageTests(FaultWorlds worlds, ITestOutputHelper output)
{
    /// <summary>Caches that each list or watch for themselves.</summary>
    private const int Informers = 22;

    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_step_whose_status_is_written_late_is_held_for_its_whole_time()
    {
        var story = Story.Main[0];
        await using var world = await worlds.StartAsync(story);
        world.Server.Faults.When(FaultEffect.Delay(TimeSpan.FromSeconds(3)), verb: "apply", resource: "llmdeployments.llmops.dev", subresource: "status");
        await story.PlayAsync(world);
        CrashTests.CheckSteps(world, story);
    }

    [Fact]
    public async Task A_server_that_says_when_to_come_back_is_not_asked_before()
    {
        var wait = TimeSpan.FromSeconds(7);
        await using var world = await worlds.StartAsync();
        await HoldAsync(world);
        var asked = await EndureAsync(world, FaultEffect.Status(429, "TooManyRequests", "slow down", wait));

        // Reads of several caches look alike here; a write has one writer.
        foreach (var attempts in asked.Where(call => call.Request.IsWrite && call.Request.Plural != "events").GroupBy(call => call.Request.ToString()))
        {
            var gaps = attempts.Zip(attempts.Skip(1), (one, next) => next.At - one.At).ToList();
            Assert.True(gaps.TrueForAll(gap => gap >= wait), $"{attempts.Key} came again after {string.Join(", ", gaps.Select(gap => $"{gap.TotalSeconds:0.##} s"))}");
        }

        var most = (Informers + 10) * (1 + (Outage / wait));
        Assert.True(asked.Count <= most, $"{asked.Count} requests, more than {most}");
        await RevertAsync(world);
    }

    public static TheoryData<string> Refusals => ["500", "503", "404 of a server that does not know our kinds yet", "connection reset", "response cut in the middle"];

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_server_that_fails_at_everything_is_asked_less_and_less_often(string name)
    {
        await using var world = await worlds.StartAsync();
        await HoldAsync(world);
        var way = Injection.All.Single(way => way.Name == name);
        var asked = await EndureAsync(world, way.Effect(), way.Hits);

        // Six attempts while the wait grows to five seconds, and then one or two in each; the reconcile of the one rollout as many times again.
        var most = (Informers + 10) * (8 + (int)(Outage / TimeSpan.FromSeconds(2.5)));
        Assert.True(asked.Count <= most, $"{asked.Count} requests, more than {most}");
        await RevertAsync(world);
    }

    [Fact]
    public async Task A_server_that_never_answers_costs_half_a_minute_a_call_and_the_revert_comes_when_it_answers_again()
    {
        await using var world = await worlds.StartAsync();
        await HoldAsync(world);
        var asked = await EndureAsync(world, FaultEffect.HangBefore(new FaultGate()));

        var most = (Informers + 10) * (3 + (int)(Outage / TimeSpan.FromSeconds(30)));
        Assert.True(asked.Count <= most, $"{asked.Count} requests, more than {most}");
        await RevertAsync(world);
    }

    public static TheoryData<string> Outages => ["503", "connection reset", "hung response"];

    [Theory]
    [MemberData(nameof(Outages))]
    public async Task A_revert_in_degrees_that_the_server_is_away_in_the_middle_of_keeps_its_weight_and_goes_on_to_the_same_end(string name)
    {
        await using var world = await worlds.StartAsync();
        var stable = world.Get().Status!.Stable!.Service;
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 75, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 75, Rollout.Evidence: not null }, "v2 has traffic");
        // Half of what stable has: it can carry half of the traffic.
        world.Nodes.MostReady = deployment => deployment.Metadata.Name == stable ? 1 : int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status!.Stable!.ReadyReplicas == 1, "stable lost a pod");
        world.Gateway.CandidateErrorRate = 0.5;
        var lowered = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 50, Rollout.Phase: "Reverting" }, "v2 goes");

        var way = Injection.All.Single(way => way.Name == name);
        await EndureAsync(world, way.Effect(), way.Hits, 50, () => world.Nodes.MostReady = _ => int.MaxValue);
        // Caches wait up to five seconds before they list again, and stable gets no more before its pods are known.
        var reverted = await RevertAsync(world);
        var entry = Assert.Single(reverted.Status!.History!, entry => entry.Id == lowered.Status!.Rollout!.Id);
        Assert.Equal(("Reverted", Reasons.LiveTestFailed, 75), (entry.Outcome, entry.Reason, entry.MaxWeight));
        await world.UntilAsync(deployment => deployment.Status is { Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "its pods are gone");
        await world.QuietAsync();
    }

    /// <summary>v2 has traffic and holds it.</summary>
    private static async Task HoldAsync(TestWorld world)
    {
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
    }

    /// <summary>Two minutes of the outage, in the middle of which v2 turns out bad; what the operator asked for, and when.</summary>
    private Task<IReadOnlyList<(DateTimeOffset At, ApiRequest Request)>> EndureAsync(TestWorld world, FaultEffect effect, Func<ApiRequest, bool>? hits = null) =>
        EndureAsync(world, effect, hits, 25, () => world.Gateway.CandidateErrorRate = 0.5);

    /// <summary>Two minutes of the outage, in the middle of which something happens; the candidate has its weight before and after.</summary>
    private async Task<IReadOnlyList<(DateTimeOffset At, ApiRequest Request)>> EndureAsync(TestWorld world, FaultEffect effect, Func<ApiRequest, bool>? hits, int weight, Action happens)
    {
        var asked = new ConcurrentQueue<(DateTimeOffset, ApiRequest)>();
        using var outage = world.Server.Faults.Choose(request =>
        {
            if (!TestWorld.IsFromOperator(request) || hits?.Invoke(request) == false)
                return null;
            asked.Enqueue((world.Clock!.Time.GetUtcNow(), request));
            return effect;
        });
        world.Server.Watches.DropAll(abrupt: true);
        await world.Clock!.PassAsync(Outage / 2);
        happens();
        await world.Clock.PassAsync(Outage / 2);
        Assert.Equal(weight, world.Get().Status!.Candidate!.Weight);
        output.WriteLine($"{asked.Count} requests in {Outage.TotalSeconds:0} s");
        return [.. asked];
    }

    /// <summary>While a candidate has weight no wait is long, however long the outage was.</summary>
    private static async Task<LlmDeployment> RevertAsync(TestWorld world)
    {
        var end = world.Clock!.Time.GetTimestamp();
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.InRange(world.Clock.Time.GetElapsedTime(end), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        world.Invariants.Check();
        return reverted;
    }
}
