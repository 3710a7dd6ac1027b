using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Rollouts on two GPUs that stable has, both of them.</summary>
[Collection(ProductCollection.Name)]
public sealed class CapacityTests(ProductFixture product)
{
    private const string Arithmetic = "a replica needs 1 nvidia.com/gpu; 1 schedulable node has 2, of which 2 are held: 2 by this LlmDeployment; largest free block 0; ";

    [RealApiServerFact]
    public async Task Without_a_free_GPU_stable_gives_a_replica_and_nobody_notices()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await SetSecondNodeAsync(open: false);
        await using var scene = await product.ServeAsync(Scarce("1-first-release.yaml"), limit.Token);
        await using var users = scene.Users(20);
        await product.Kubectl.ApplyAsync(Scarce("2-better-model.yaml"), scene.Namespace, limit.Token);
        var taken = await scene.Recorder.WaitAsync("the candidate to get its first weight", s => s.Candidate?.Weight > 0, ProductFixture.Patience, limit.Token);
        var room = taken.Status!.Rollout!.Capacity!;
        Assert.Equal((CapacityPlans.TakeFromStable, 0, 1), (room.Plan, room.SurgeReplicas, room.GivenReplicas));
        Assert.True(room.Message.Contains(Arithmetic, StringComparison.Ordinal), room.Message);
        Assert.Equal((1, 1), (taken.Status.Stable!.Replicas, taken.Status.Candidate!.Replicas));

        await scene.Recorder.WaitAsync("the candidate to serve with all replicas", s => s is { Candidate: null, Stable: { Revision: "v2", ReadyReplicas: 2 } }, ProductFixture.Patience, limit.Token);
        Assert.Empty(users.Statistics.Failures);
    }

    [RealApiServerFact]
    public async Task Where_nothing_fits_it_waits_with_the_arithmetic_until_a_node_is_there()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await SetSecondNodeAsync(open: false);
        await using var scene = await product.ServeAsync(Scarce("1-first-release.yaml"), limit.Token);
        await using var users = scene.Users(20);
        await product.Kubectl.ApplyAsync(Scarce("2-better-model.yaml", "capacity: {maxUnavailable: 0}"), scene.Namespace, limit.Token);
        var stalled = await scene.Recorder.WaitAsync(
            "the rollout to say what is missing", s => s.Conditions!.Any(c => c is { Type: ConditionTypes.Stalled, Status: "True", Reason: Reasons.InsufficientGpus }), ProductFixture.Patience, limit.Token);
        Assert.Contains("maxUnavailable 0 lets stable give nothing", stalled.Status!.Rollout!.Message, StringComparison.Ordinal);
        Assert.Contains(Arithmetic, stalled.Status.Rollout.Message, StringComparison.Ordinal);
        Assert.Equal((2, 0), (stalled.Status.Stable!.Replicas, stalled.Status.Candidate!.Replicas));

        await SetSecondNodeAsync(open: true);
        var started = await scene.Recorder.WaitAsync("the candidate to get its first weight", s => s.Candidate?.Weight > 0, ProductFixture.Patience, limit.Token);
        Assert.Equal(CapacityPlans.Surge, started.Status!.Rollout!.Capacity!.Plan);
        await scene.Recorder.WaitAsync("the candidate to be stable", s => s is { Candidate: null, Stable.Revision: "v2" }, ProductFixture.Patience, limit.Token);
        Assert.Empty(users.Statistics.Failures);
    }

    /// <summary>A sample that asks for the scarce GPUs.</summary>
    private static string Scarce(string sample, string rollout = "")
    {
        var text = File.ReadAllText(Samples.Demo(sample)).Replace("NVIDIA-H100-80GB-HBM3", ProductFixture.ScarceProduct, StringComparison.Ordinal)
            .Replace("progressDeadline: 2m", $"progressDeadline: 4m{(rollout.Length > 0 ? $"\n    {rollout}" : string.Empty)}", StringComparison.Ordinal);
        var path = Path.Combine(Directory.CreateTempSubdirectory("scarce").FullName, sample);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task SetSecondNodeAsync(bool open) => await product.Client.MergePatchAsync<Node>(
        new ObjectKey(string.Empty, ProductFixture.ScarceNodes[1].Name), new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = !open } });
}
