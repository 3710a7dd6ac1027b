using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Rollouts where GPUs are scarce.</summary>
public sealed class CapacityTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Without_a_free_GPU_stable_gives_one_replica_and_the_numbers_are_in_status()
    {
        await using var world = await ServingAsync("v1", gpus: 2, replicas: 2);
        await world.ApplyAsync(Samples.Canary("v2"));
        var taken = await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "v2 has traffic");
        var room = taken.Status!.Rollout!.Capacity!;
        Assert.Equal((CapacityPlans.TakeFromStable, true, 1, 0, 1), (room.Plan, room.Fits, room.GpusPerReplica, room.SurgeReplicas, room.GivenReplicas));
        Assert.Equal(
            "no replica fits beside stable: stable gives up to 1 of its 2, 1 at a time, as steps need them (a replica needs 1 nvidia.com/gpu; 1 schedulable node has 2, of which 2 are held: 2 by this LlmDeployment; largest free block 0)",
            room.Message);
        Assert.Equal((1, 1), (taken.Status.Stable!.Replicas, taken.Status.Candidate!.Replicas));
        CanaryTests.AssertCondition(taken, ConditionTypes.CapacityAvailable, "True", Reasons.TakeFromStable);

        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: { Revision: "v2", ReadyReplicas: 2 } }, "v2 serves with all replicas");
        CanaryTests.AssertCondition(promoted, ConditionTypes.CapacityAvailable, "Unknown", Reasons.NoRollout);
    }

    [Fact]
    public async Task Where_nothing_fits_it_is_stalled_with_the_arithmetic_until_a_node_comes()
    {
        await using var world = await ServingAsync("v1", gpus: 1, replicas: 1);
        await world.ApplyAsync(Samples.Canary("v2", replicas: 1));
        var stalled = await StalledAsync(world, "0 of the 1 replicas that promotion needs fit beside stable; stable has no second replica to give: add GPUs, raise replicas to 2");
        Assert.Contains("(a replica needs 1 nvidia.com/gpu; 1 schedulable node has 1, of which 1 is held: 1 by this LlmDeployment; largest free block 0)", stalled.Status!.Rollout!.Message, StringComparison.Ordinal);
        CanaryTests.AssertCondition(stalled, ConditionTypes.CapacityAvailable, "False", Reasons.InsufficientGpus);
        CanaryTests.AssertCondition(stalled, ConditionTypes.Ready, "True", Reasons.Serving);
        Assert.NotNull(stalled.Status.Rollout.Deadline);
        Assert.Single(world.EnginePods);
        await world.QuietAsync();

        world.Server.Seed(Json(Node("node-2", 1)));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "it goes on");
        CanaryTests.AssertCondition(promoted, ConditionTypes.Stalled, "False", Reasons.NoRollout);
    }

    [Fact]
    public async Task Two_rollouts_that_start_at_the_same_moment_do_not_count_on_the_same_GPU()
    {
        await using var world = await ServingAsync("v1", gpus: 64, replicas: 1);
        await world.ApplyAsync(Samples.Canary("v1", "other", replicas: 1));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null } && world.EnginePods.Count == 2, "both serve", "other");
        await SetGpusAsync(world, 3);
        world.Nodes.Jobs = _ => JobFate.Run;

        await Task.WhenAll(world.ApplyAsync(Samples.Canary("v2", replicas: 1)), world.ApplyAsync(Samples.Canary("v2", "other", replicas: 1)));
        await world.UntilAsync(deployment => HasLooked(deployment) && HasLooked(world.Get("other")), "both have looked for room");
        var (one, other) = (world.Get(), world.Get("other"));
        Assert.Equal([CapacityPlans.Auto, CapacityPlans.Surge], new[] { one, other }.Select(deployment => deployment.Status!.Rollout!.Capacity!.Plan).Order());
        var (first, second) = one.Status!.Rollout!.Capacity!.Fits ? (one, other) : (other, one);
        Assert.Matches($"promised: 1 by LlmDeployment {first.Metadata.Name}|by LlmDeployment {first.Metadata.Name}", second.Status!.Rollout!.Capacity!.Message);

        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "the first is done", first.Metadata.Name!);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "then the second", second.Metadata.Name!);
    }

    [Fact]
    public async Task A_quota_and_a_taint_are_in_the_arithmetic()
    {
        await using var world = await ServingAsync("v1", gpus: 8, replicas: 1);
        // An operator that starts has all of it in its caches before it decides.
        await world.StopOperatorAsync();
        world.Server.Seed(Json(Node("node-2", 4) with { Spec = new NodeSpec { Taints = [new Taint { Key = "reserved", Effect = "NoSchedule" }] } }));
        world.Server.Seed(JsonSerializer.SerializeToNode(
            new ResourceQuota
            {
                Metadata = new ObjectMeta { Name = "team", Namespace = Samples.Namespace },
                Status = new ResourceQuotaStatus { Hard = new Dictionary<string, string> { ["requests.nvidia.com/gpu"] = "1" }, Used = new Dictionary<string, string> { ["requests.nvidia.com/gpu"] = "1" } },
            },
            ResourceQuota.JsonType)!.AsObject());
        world.StartOperator();
        await world.ApplyAsync(Samples.Canary("v2", replicas: 1));
        await StalledAsync(world, "1 schedulable node has 8, of which 1 is held: 1 by this LlmDeployment; largest free block 7; 1 further node is not for this pod (1 tainted reserved:NoSchedule); ResourceQuota team leaves 0 of 1 requests.nvidia.com/gpu");

        await world.Client.MergePatchAsync<ResourceQuota>(
            new ObjectKey(Samples.Namespace, "team"), JsonNode.Parse("""{"status":{"hard":{"requests.nvidia.com/gpu":"2"}}}""")!, "status");
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "the raised quota is enough");
    }

    [Fact]
    public async Task Where_an_outage_is_allowed_stable_makes_way_and_a_revert_brings_it_back()
    {
        await using var world = await ServingAsync("v1", gpus: 1, replicas: 1);
        var stable = world.Get().Status!.Stable!;
        world.Nodes.Jobs = run => run.Spec.Rollout == world.Get().Status!.History![0].Id ? JobFate.Pass : JobFate.Fail;
        await world.ApplyAsync(Allowed("v2"));
        var down = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Capacity is { Plan: CapacityPlans.Recreate, Fits: true }, "stable makes way");
        CanaryTests.AssertCondition(down, ConditionTypes.Ready, "False", Reasons.Recreate);
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Stable.ReadyReplicas: 1 }, "stable serves again");
        Assert.Equal((stable.Release, Reasons.GateFailed), (reverted.Status!.Stable!.Release, reverted.Status.FailedReleases![0].Reason));
        Assert.Null(Assert.Single(world.All<EvalRun>("evalruns.llmops.dev"), run => run.Spec.Rollout == reverted.Status.Rollout!.Id).Spec.Baseline);

        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.ApplyAsync(Allowed("v3"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: { Revision: "v3", ReadyReplicas: 1 } }, "v3 serves");
    }

    [Fact]
    public async Task An_image_that_is_not_pulled_in_its_time_is_reverted()
    {
        await using var world = await ServingAsync("v1", gpus: 8, replicas: 1);
        world.Nodes.Pods = deployment => deployment.Spec!.Template!.Spec!.Containers[0].Args!.Contains("v2") ? PodFate.ImagePullBackOff : PodFate.Ready;
        var slow = Samples.Canary("v2", replicas: 1);
        await world.ApplyAsync(slow with { Spec = slow.Spec with { Rollout = slow.Spec.Rollout! with { Deadlines = new StartDeadlinesSpec { ImagePull = TimeSpan.FromMilliseconds(500) } } } });
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "it is given up");
        Assert.Equal(Reasons.StartupDeadlineExceeded, reverted.Status!.FailedReleases![0].Reason);
        Assert.Contains("pulling its image (imagePull)", reverted.Status.FailedReleases[0].Message, StringComparison.Ordinal);
        Assert.Contains("manifest unknown", reverted.Status.FailedReleases[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_finds_room_as_any_rollout_does()
    {
        await using var world = await ServingAsync("v1", gpus: 8, replicas: 2);
        var first = world.Get().Status!.Stable!.Release;
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable and v1's pods are gone");
        await SetGpusAsync(world, 2);

        await world.Client.CreateAsync(ActionTests.Action("Rollback", first, "bot"), CancellationToken.None);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: { Revision: "v1", ReadyReplicas: 2 }, Retiring: null }, "v1 serves again with all replicas");
        var record = world.All<RolloutRecord>("rolloutrecords.llmops.dev").Single(record => record.Metadata.Name == world.Get().Status!.History![0].Record).Spec;
        Assert.Equal((CapacityPlans.TakeFromStable, 1), (record.Capacity!.Plan, record.Capacity.GivenReplicas));
    }

    private async Task<TestWorld> ServingAsync(string revision, int gpus, int replicas)
    {
        var world = await StartedWorld.ServingAsync(revision, output.WriteLine, replicas);
        await SetGpusAsync(world, gpus);
        return world;
    }

    private static bool HasLooked(LlmDeployment deployment) => deployment.Status is { Candidate: not null, Rollout.Capacity: not null };

    private static LlmDeployment Allowed(string revision)
    {
        var deployment = Samples.Canary(revision, replicas: 1);
        return deployment with { Spec = deployment.Spec with { Rollout = deployment.Spec.Rollout! with { Capacity = new CapacitySpec { AllowDowntime = true } } } };
    }

    private static async Task SetGpusAsync(TestWorld world, int gpus) => await world.Client.MergePatchAsync<Node>(
        new ObjectKey(string.Empty, "node-1"), new JsonObject { ["status"] = new JsonObject { ["allocatable"] = new JsonObject { ["nvidia.com/gpu"] = $"{gpus}" } } }, "status");

    private static Node Node(string name, int gpus) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Status = new NodeStatus { Allocatable = new Dictionary<string, string> { ["nvidia.com/gpu"] = $"{gpus}" } },
    };

    private static JsonObject Json(Node node) => JsonSerializer.SerializeToNode(node, Kubernetes.Node.JsonType)!.AsObject();

    private static Task<LlmDeployment> StalledAsync(TestWorld world, string message) => world.UntilAsync(
        deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True", Reason: Reasons.InsufficientGpus } && condition.Message.Contains(message, StringComparison.Ordinal)) == true,
        $"it is stalled: {message}");
}
