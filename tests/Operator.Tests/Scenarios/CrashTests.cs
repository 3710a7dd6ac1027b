using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>The operator is killed right after each of its writes, the answer to it lost, and another one goes on.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    /// <summary>Worlds at a time: each is an API server, two web servers and an operator.</summary>
    private const int Parallel = 6;

    private delegate Task<TestWorld> Start(string revision, Action<string>? output, int replicas);

    [Fact]
    public async Task A_crash_after_any_write_of_a_promotion_leads_to_the_same_end()
    {
        var (expected, writes) = await RunAsync(Promotion);
        Assert.InRange(writes, 15, 80);
        await CheckEachAsync(writes, Promotion, expected);
    }

    [Fact]
    public async Task A_crash_after_any_write_of_a_revert_leads_to_the_same_end()
    {
        var (expected, writes) = await RunAsync(Revert);
        Assert.InRange(writes, 10, 80);
        await CheckEachAsync(writes, Revert, expected);
    }

    [Fact]
    public async Task A_crash_after_any_write_of_a_bake_leads_to_the_same_end()
    {
        var (expected, writes) = await RunAsync(Bake);
        Assert.InRange(writes, 15, 80);
        await CheckEachAsync(writes, Bake, expected);
    }

    [Fact]
    public async Task A_crash_after_any_write_of_a_revert_by_degrees_leads_to_the_same_end()
    {
        var (expected, writes) = await RunAsync(RevertByDegrees);
        Assert.InRange(writes, 8, 80);
        await CheckEachAsync(writes, RevertByDegrees, expected);
    }

    [Fact]
    public async Task A_crash_after_any_write_while_one_rollout_replaces_another_leads_to_the_same_end()
    {
        var (expected, writes) = await RunAsync(Replacement);
        Assert.InRange(writes, 10, 80);
        await CheckEachAsync(writes, Replacement, expected);
    }

    [Fact]
    public async Task A_crash_after_any_write_of_a_promotion_behind_a_route_leads_to_the_same_end_and_no_request_is_lost()
    {
        var (expected, writes) = await RunAsync(RoutedPromotion, StartedWorld.RoutedAsync);
        Assert.InRange(writes, 15, 80);
        await CheckEachAsync(writes, RoutedPromotion, expected, StartedWorld.RoutedAsync);
    }

    [Fact]
    public async Task A_crash_after_any_write_of_a_revert_behind_a_route_leads_to_the_same_end_and_no_request_is_lost()
    {
        var (expected, writes) = await RunAsync(RoutedRevert, StartedWorld.RoutedAsync);
        Assert.InRange(writes, 10, 80);
        await CheckEachAsync(writes, RoutedRevert, expected, StartedWorld.RoutedAsync);
    }

    private async Task CheckEachAsync(int writes, Func<TestWorld, Task> story, string expected, Start? start = null)
    {
        using var slots = new SemaphoreSlim(Parallel);
        var ends = await Task.WhenAll(Enumerable.Range(1, writes).Select(async k =>
        {
            await slots.WaitAsync();
            try
            {
                return (k, End: await EndAsync(k, story, expected, start ?? StartedWorld.ServingAsync));
            }
            finally
            {
                slots.Release();
            }
        }));
        foreach (var (k, end) in ends)
            Assert.True(end == expected, $"after a crash behind write {k}:\n{end}\nexpected:\n{expected}");
    }

    /// <summary>What it comes to, and how many writes of the operator it takes.</summary>
    private static async Task<(string End, int Writes)> RunAsync(Func<TestWorld, Task> story, Start? start = null)
    {
        await using var world = await (start ?? StartedWorld.ServingAsync)("v1", null, 2);
        await world.QuietAsync();
        var before = world.OperatorWrites.Count;
        await story(world);
        await world.QuietAsync();
        return (Describe(world), world.OperatorWrites.Count - before);
    }

    private async Task<string> EndAsync(int k, Func<TestWorld, Task> story, string expected, Start start)
    {
        await using var world = await start("v1", null, 2);
        await world.QuietAsync();
        world.Server.CrashAfterWrite(
            k,
            write =>
            {
                output.WriteLine($"{k}: crash after {write}");
                world.KillOperator();
                world.StartOperator();
            },
            TestWorld.IsOperator);
        try
        {
            await story(world);
            await TestWorld.UntilAsync(() => Describe(world) == expected, "the same end");
            // It is the end only if nothing goes on from there.
            await world.QuietAsync();
            world.Invariants.Check();
            return Describe(world);
        }
        catch (Exception e) when (e is TimeoutException or Xunit.Sdk.XunitException)
        {
            return $"{e.Message}\n{Describe(world)}";
        }
    }

    private static async Task Promotion(TestWorld world)
    {
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "v2 is stable");
    }

    private static async Task Replacement(TestWorld world)
    {
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Gate = "quality" }, new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(5) }]));
        var held = await world.UntilAsync(deployment => deployment.Status is { Candidate: { Weight: 25, Revision: "v2" }, Rollout.Evidence: not null }, "v2 has traffic");
        world.Nodes.Jobs = run => run.Spec.Rollout == held.Status!.Rollout!.Id ? JobFate.Pass : JobFate.Fail;
        await world.ApplyAsync(Samples.Canary("v3"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "v3 is reverted");
    }

    private static async Task Revert(TestWorld world)
    {
        world.Gateway.CandidateErrorRate = 0.5;
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "v2 is reverted");
    }

    private static async Task Bake(TestWorld world)
    {
        var canary = Samples.Canary("v2", steps: [new RolloutStep { Weight = 25, Hold = TimeSpan.FromMilliseconds(100), MinRequests = 20 }]);
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Bake = TimeSpan.FromMilliseconds(300) } } });
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "v2 is stable");
    }

    private static async Task RevertByDegrees(TestWorld world)
    {
        var stable = world.Get().Status!.Stable!.Service;
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Weight = 75, Hold = TimeSpan.FromMinutes(5) }]));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 75, "v2 has traffic");
        world.Nodes.MostReady = deployment => deployment.Metadata.Name == stable ? 1 : int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status!.Stable!.ReadyReplicas == 1, "stable lost a pod");
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 50, Rollout.Phase: "Reverting" }, "v2 goes");
        world.Nodes.MostReady = _ => int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "v2 is reverted");
    }

    private static async Task RoutedPromotion(TestWorld world)
    {
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 3, "v2 is stable");
    }

    private static async Task RoutedRevert(TestWorld world)
    {
        world.Gateway.CandidateErrorRate = 0.5;
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 3, "v2 is reverted");
    }

    /// <summary>The end state without what is random or a time.</summary>
    private static string Describe(TestWorld world)
    {
        var status = world.Get().Status!;
        return string.Join('\n', (IEnumerable<string>)
        [
            $"phase {status.Phase}, stable {status.Stable!.Release} {status.Stable.Weight}% {status.Stable.Revision}, replicas {status.Replicas}/{status.ReadyReplicas}",
            $"history {string.Join(", ", status.History!.Select(record => $"{record.Release} {record.Outcome} {record.Reason} {record.MaxWeight}%"))}",
            $"records {string.Join(", ", world.All<RolloutRecord>("rolloutrecords.llmops.dev").Select(Describe).Order())}",
            $"history names all records: {status.History!.All(entry => world.Find<RolloutRecord>("rolloutrecords.llmops.dev", entry.Record ?? "none")?.Spec.Rollout == entry.Id)}, none is pending: {status.PreviousRollout is null}",
            $"locked {string.Join(", ", status.FailedReleases?.Select(failed => failed.Release) ?? [])}",
            $"deployments {string.Join(", ", world.All<Deployment>("deployments.apps").Select(deployment => $"{deployment.Metadata.Name} {deployment.Spec!.Replicas}").Order())}",
            $"services {string.Join(", ", world.All<Service>("services").Select(service => $"{service.Metadata.Name} {service.Spec!.Selector![Labels.Serving]}").Order())}",
            $"route {string.Join(", ", world.Weights())}, lost {string.Join(", ", world.Router.Failures)}",
            $"snapshots {string.Join(", ", world.All<ControllerRevision>("controllerrevisions.apps").Select(revision => revision.Metadata.Name).Order())}",
            $"runs {string.Join(", ", world.All<EvalRun>("evalruns.llmops.dev").Select(run => $"{run.Spec.Candidate.Release} {run.Status?.Verdict}").Order())}",
            $"pods {string.Join(", ", world.All<Pod>("pods").Select(pod => $"{pod.Metadata.Labels![Labels.Serving]} {pod.Metadata.Labels!.GetValueOrDefault(Labels.Track)}").Order())}",
        ]);
    }

    private static string Describe(RolloutRecord record)
    {
        var spec = record.Spec;
        return $"{spec.Candidate.Release} {spec.Candidate.Revision} against {spec.Stable?.Release} {spec.Stable?.Revision}: {spec.Outcome} {spec.Reason} {spec.MaxWeight}%, " +
            $"steps {string.Join(" ", spec.Steps!.Select(step => $"{step.Name} {step.StartedAt is not null}"))}, runs {spec.Evaluations?.Count}, counted {spec.CandidateRequests > 0}, detected {spec.TimeToDetect is not null}";
    }
}
