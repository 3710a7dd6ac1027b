using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>A revert for which the evidence is there waits for nobody who is silent; counted on the world's clock.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class HangTests(FaultWorlds worlds, ITestOutputHelper output)
{
    private const string Budgets = "poddisruptionbudgets.policy";

    /// <summary>How much longer than without anybody silent it may take, by chance; the shortest of the waits that are not to be, for a gateway, is 2 s.</summary>
    private static readonly TimeSpan Chance = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Silent => ["another gateway", "Prometheus", "the API of a check", "events", "a write of an object"];

    [Theory]
    [MemberData(nameof(Silent))]
    public async Task A_revert_is_as_fast_when_somebody_never_answers(string who)
    {
        // Looks at the evidence are 250 ms apart. How many it takes on a busy machine, whose clock runs ahead of the answers, is chance; a wait for the silent one would be in each try.
        var without = await RevertAsync("nobody");
        var took = new List<TimeSpan>();
        while (took.Count < 5 && (took.Count == 0 || took[^1] > without + Chance))
            took.Add(await RevertAsync(who));
        output.WriteLine($"{who}: {string.Join(", ", took.Select(one => $"{one.TotalMilliseconds:0} ms"))}, nobody: {without.TotalMilliseconds:0} ms");
        Assert.InRange(took[^1], TimeSpan.Zero, without + Chance);
    }

    [Fact]
    public async Task A_revert_is_soon_after_an_object_could_not_be_written_for_minutes()
    {
        await using var world = await worlds.StartAsync();
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        world.Server.Faults.When(FaultEffect.Status(500, "InternalError", "failed calling webhook"), verb: "apply", resource: Budgets);
        await EditAsync(world);
        // By then the wait between two tries would be a minute.
        await world.Clock!.PassAsync(TimeSpan.FromMinutes(2));

        var start = world.Clock.Time.GetTimestamp();
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_revert_is_soon_after_its_status_could_not_be_written_for_minutes()
    {
        await using var world = await worlds.StartAsync();
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        var passed = TimeSpan.FromMinutes(4);
        using (var refused = world.Server.Faults.When(FaultEffect.Status(500, "InternalError", "etcdserver: request timed out"), verb: "apply", resource: "llmdeployments.llmops.dev", subresource: "status"))
        {
            world.Gateway.CandidateErrorRate = 0.5;
            await world.Clock!.PassAsync(passed);
            // Once a second, and no hot loop.
            Assert.InRange(refused.HitCount, 10, 6 * passed.TotalSeconds);
        }

        var start = world.Clock.Time.GetTimestamp();
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    /// <summary>Whether the write was done before the answer got lost.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_revert_whose_status_is_not_answered_is_tried_again_within_seconds_and_done_once(bool isDone)
    {
        await using var world = await worlds.StartAsync();
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        var asked = new ConcurrentQueue<ApiRequest>();
        using var all = world.Server.Faults.Choose(request =>
        {
            if (TestWorld.IsFromOperator(request) && request is { Plural: "llmdeployments", Verb: "get" })
                asked.Enqueue(request);
            return null;
        });
        // What is written is told by no watch for a long time.
        using var late = world.Server.Faults.When(request => request is { Plural: "llmdeployments", Verb: "watch" or "list" } && TestWorld.IsFromOperator(request), FaultEffect.HangBefore(new FaultGate()));
        world.Server.Watches.DropAll(abrupt: true);
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(1));
        using var unanswered = world.Server.Faults.When(
            isDone ? FaultEffect.HangAfter(new FaultGate()) : FaultEffect.HangBefore(new FaultGate()), verb: "apply", resource: "llmdeployments.llmops.dev", subresource: "status", times: 1);

        var start = world.Clock.Time.GetTimestamp();
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.Equal(1, unanswered.HitCount);
        await world.UntilAsync(deployment => deployment.Status is { Retiring: null, Replicas: 2 } && world.All<Service>("services").Count == 1, "its objects are gone");
        await world.QuietAsync();
        Assert.Single(asked);
        Assert.Single(world.Get().Status!.History!, finished => finished.Release == world.Get().Status!.FailedReleases![0].Release);
    }

    [Fact]
    public async Task Statuses_that_are_never_answered_hold_up_nobody_else()
    {
        await using var world = await worlds.StartAsync();
        using var unanswered = world.Server.Faults.When(
            request => request is { Plural: "llmdeployments", Subresource: "status" } && request.Name!.StartsWith("hung", StringComparison.Ordinal), FaultEffect.HangBefore(new FaultGate()));
        var canary = Story.Canary("v1");
        for (var number = 0; number < 8; number++)
            await world.ApplyAsync(canary with { Metadata = canary.Metadata with { Name = $"hung-{number}" } });
        await world.Clock!.UntilAsync(() => unanswered.HitCount >= 8, TimeSpan.FromMinutes(1), () => $"{unanswered.HitCount} of them hang");
        for (var replicas = 3; replicas < 6; replicas++)
        {
            var start = world.Clock.Time.GetTimestamp();
            await world.ApplyAsync(canary with { Spec = canary.Spec with { Replicas = replicas } });
            await world.UntilAsync(deployment => deployment.Status!.ObservedGeneration == deployment.Metadata.Generation, "the change is seen");
            Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(3));
        }
    }

    [Fact]
    public async Task A_revert_does_not_wait_until_objects_may_be_written_again_and_nothing_is_written_before()
    {
        var wait = TimeSpan.FromSeconds(10);
        await using var world = await worlds.StartAsync();
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        var writes = new ConcurrentQueue<DateTimeOffset>();
        using var busy = world.Server.Faults.Choose(request =>
        {
            if (request is not { Plural: "poddisruptionbudgets", IsApply: true })
                return null;
            writes.Enqueue(world.Clock!.Time.GetUtcNow());
            return FaultEffect.Status(429, "TooManyRequests", "slow down", wait);
        });
        await EditAsync(world);
        // The client has given up by then, after six attempts.
        await world.Clock!.UntilAsync(() => writes.Count >= 8, TimeSpan.FromMinutes(10), () => $"{writes.Count} writes");
        await world.Clock.PassAsync(TimeSpan.FromSeconds(1));
        Assert.All(writes.Zip(writes.Skip(1), (one, next) => next - one), gap => Assert.InRange(gap, wait, wait + TimeSpan.FromSeconds(2)));

        // The next attempt is 10 s away.
        await world.Clock.UntilAsync(() => writes.Count >= 12, TimeSpan.FromMinutes(10), () => $"{writes.Count} writes");
        var start = world.Clock.Time.GetTimestamp();
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    /// <summary>From the first bad answer to the weight 0.</summary>
    private async Task<TimeSpan> RevertAsync(string who)
    {
        await using var world = await worlds.StartAsync(withOperator: false);
        await using var prometheus = await FakePrometheus.StartAsync(world.Clock!.Time);
        prometheus.Reply = _ => who == "Prometheus" ? PrometheusReply.Hang : PrometheusReply.Value(1);
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => who == "the API of a check" ? PrometheusReply.Hang : PrometheusReply.Body("1");
        world.Options = options => options with { PrometheusUrl = prometheus.Address, AllowedCheckUrls = [api.Address] };
        world.StartOperator();
        var canary = Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) });
        var check = new CheckSpec { Name = "latency", Prometheus = new PrometheusQuery { Query = "latency{track=\"{{track}}\"}" }, Max = 2, Interval = TimeSpan.FromSeconds(10) };
        var quality = new CheckSpec { Name = "quality", Http = new HttpQuery { Url = $"{api.Address}{{{{track}}}}", Value = string.Empty }, Min = 0.5, Interval = TimeSpan.FromSeconds(10) };
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Analysis = new AnalysisSpec { Checks = [check, quality] } } } });
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        await world.Clock.UntilAsync(() => api.Requests.Count >= 2 && prometheus.Queries.Count >= 2, TimeSpan.FromMinutes(1), () => "the checks are asked");

        await using var silent = await FakeGateway.StartAsync(world.Server);
        silent.Hangs = true;
        if (who == "another gateway")
            world.Server.Seed(Slice(silent.Port));
        if (who == "events")
            world.Server.Faults.When(FaultEffect.HangBefore(new FaultGate()), resource: "events.events.k8s.io");
        if (who == "a write of an object")
            await HangAsync(world);
        await world.Clock.PassAsync(TimeSpan.FromSeconds(1));
        var start = world.Clock.Time.GetTimestamp();
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        return world.Clock.Time.GetElapsedTime(start);
    }

    /// <summary>The write that puts an edit back is not answered.</summary>
    private static async Task HangAsync(TestWorld world)
    {
        var gate = new FaultGate();
        world.Server.Faults.When(FaultEffect.HangBefore(gate), verb: "apply", resource: Budgets);
        await EditAsync(world);
        await world.Clock!.UntilAsync(() => gate.Reached.IsCompleted, TimeSpan.FromMinutes(1), () => "it is put back");
    }

    /// <summary>Somebody edits what the operator owns.</summary>
    private static Task EditAsync(TestWorld world) => world.DoAsync(world.Client.MergePatchAsync<PodDisruptionBudget>(
        world.All<PodDisruptionBudget>(Budgets)[0].Key(), System.Text.Json.Nodes.JsonNode.Parse("""{"spec":{"maxUnavailable":5}}""")!, fieldManager: "somebody"));

    private static System.Text.Json.Nodes.JsonObject Slice(int port) => System.Text.Json.JsonSerializer.SerializeToNode(
        new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = "gateway-2", Namespace = "llmops-system", Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = "llmops-gateway-admin" } },
            Endpoints = [new Endpoint { Addresses = ["127.0.0.1"], Conditions = new EndpointConditions { Ready = true } }],
            Ports = [new EndpointPort { Name = "admin", Port = port }],
        },
        EndpointSlice.JsonType)!.AsObject();
}
