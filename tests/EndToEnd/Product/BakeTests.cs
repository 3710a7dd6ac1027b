using System.Text.Json.Nodes;
using LlmOps.Api;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>A candidate with nearly all of the traffic, and the old release's pods warm beside it.</summary>
[Collection(ProductCollection.Name)]
[Trait(AnyCluster.Trait, AnyCluster.Value)]
public sealed class BakeTests(ProductFixture product)
{
    [RealApiServerFact]
    public async Task A_release_takes_over_at_the_end_of_its_bake_and_one_that_goes_bad_meanwhile_never_does()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(40);
        var first = scene.Status.Stable!;

        await scene.ApplyAsync(new() { Revision = "v2", Rollout = ["bake: 4s", "bakeWeight: 90"] }, ct);
        var baking = await scene.UntilAsync("v2 to bake", s => s.Rollout is { Phase: "Baking", HoldStartedAt: not null }, ct);
        Assert.Equal((90, first.Release, 10, 1), (baking.Candidate!.Weight, baking.Stable!.Release, baking.Stable.Weight, baking.Stable.ReadyReplicas));
        var old = Assert.Single(scene.PodsOf(first));
        var promoted = await scene.UntilEndedAsync(baking.Rollout!.Id, ct);
        Assert.Equal("Promoted", promoted.Outcome);
        Assert.True(promoted.FinishedAt - baking.Rollout.HoldStartedAt >= TimeSpan.FromSeconds(4), $"it baked from {baking.Rollout.HoldStartedAt} to {promoted.FinishedAt}, less than 4 s");
        var gone = Assert.Single(scene.PodsOf(first));
        Assert.Equal(old.Metadata.Uid, gone.Metadata.Uid);
        Assert.True(gone.Metadata.DeletionTimestamp is not { } deleted || deleted >= promoted.FinishedAt.AddSeconds(-1), $"the old pod went at {gone.Metadata.DeletionTimestamp}, before the promotion at {promoted.FinishedAt}");

        await scene.ApplyAsync(new() { Revision = "v4-unstable", Rollout = ["bake: 10m", "bakeWeight: 90"] }, ct);
        var bad = await scene.UntilAsync("v4 to bake", s => s.Rollout is { Phase: "Baking", HoldStartedAt: not null } r && r.Id != baking.Rollout.Id, ct);
        await scene.ChangeCandidateAsync(new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 0.5 } }, ct);
        var reverted = await scene.UntilEndedAsync(bad.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.LiveTestFailed, 90), (reverted.Outcome, reverted.Reason, reverted.MaxWeight));
        Assert.Equal((promoted.Release, 100, null), (scene.Status.Stable!.Release, scene.Status.Stable.Weight, scene.Status.Candidate?.Release));
        await scene.AssertRecordsAsync(ct, "Promoted", "Promoted", "Reverted");
        Assert.Empty(users.Statistics.Failures);
    }
}
