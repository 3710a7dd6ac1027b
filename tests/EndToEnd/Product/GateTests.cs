using LlmOps.Api;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>A gate is a Job of the evaluator's image that asks a candidate's pods: on any cluster.</summary>
[Collection(ProductCollection.Name)]
[Trait(AnyCluster.Trait, AnyCluster.Value)]
public sealed class GateTests(ProductFixture product)
{
    private const string Steps = "[{gate: support-quality}, {weight: 50, hold: 1s, minRequests: 5}]";

    [RealApiServerFact]
    public async Task A_better_model_passes_its_gate_and_takes_over_and_a_worse_one_gets_no_request()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);

        await scene.ApplyAsync(new() { Revision = "v2", Steps = Steps }, ct);
        var better = await scene.UntilAsync("v2 to be tried", s => s.Candidate?.Revision == "v2", ct);
        Assert.Equal("Promoted", (await scene.UntilEndedAsync(better.Rollout!.Id, ct)).Outcome);

        await scene.ApplyAsync(new() { Revision = "v3-worse", Steps = Steps }, ct);
        var worse = await scene.UntilAsync("v3-worse to be tried", s => s.Candidate?.Revision == "v3-worse", ct);
        var reverted = await scene.UntilEndedAsync(worse.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.GateFailed, 0), (reverted.Outcome, reverted.Reason, reverted.MaxWeight));
        Assert.Equal("v2", scene.Status.Stable!.Revision);
        Assert.Empty(users.Statistics.Failures);
        Assert.DoesNotContain(reverted.Release, users.Statistics.ByRelease.Keys);
    }
}
