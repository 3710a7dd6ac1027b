using LlmOps.Api;
using LlmOps.Demo.Stories;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>What a person does with <c>kubectl create -f</c> and the samples' RolloutActions, while users are served.</summary>
[Collection(ProductCollection.Name)]
[Trait(AnyCluster.Trait, AnyCluster.Value)]
public sealed class ActionTests(ProductFixture product)
{
    [RealApiServerFact]
    public async Task An_approval_promotes_only_the_release_it_names_and_a_rollback_is_not_undone_by_the_manifest_in_git()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);
        var first = scene.Status.Stable!.Release;

        var better = new Wanted { Revision = "v2", Steps = "[{weight: 50, hold: 1s, minRequests: 5}, {approve: {}}]" };
        await scene.ApplyAsync(better, ct);
        var waiting = await scene.UntilAsync("it to wait for an approval", s => s.Rollout?.Reason == Reasons.AwaitingApproval, ct);
        var second = waiting.Candidate!.Release;
        var wrong = await scene.ActAsync("approve", first, ct);
        Assert.Equal(RolloutActionPhases.Refused, wrong.Status!.Phase);
        Assert.Contains($"release {first} is not being tried, {second} is", wrong.Status.Message, StringComparison.Ordinal);
        Assert.Equal((second, 50), (scene.Status.Candidate?.Release, scene.Status.Candidate?.Weight));

        Assert.Equal(RolloutActionPhases.Applied, (await scene.ActAsync("approve", second, ct)).Status!.Phase);
        Assert.Equal("Promoted", (await scene.UntilEndedAsync(waiting.Rollout!.Id, ct)).Outcome);
        await scene.UntilAsync("the old pods to go", s => s.Stable?.Release == second && s.Retiring is null or { Count: 0 }, ct);

        Assert.Equal(RolloutActionPhases.Applied, (await scene.ActAsync("rollback", first, ct)).Status!.Phase);
        var back = await scene.UntilAsync("the first release to serve again", s => s.Candidate is null && s.Stable?.Release == first, ct);
        await scene.UntilEndedAsync(back.Rollout!.Id, ct);
        await scene.ApplyAsync(better, ct);
        await scene.ApplyAsync(better with { Rollout = ["progressDeadline: 29m"] }, ct);
        var generation = (await scene.ListAsync<LlmDeployment>(ct)).Single().Metadata.Generation;
        var still = await scene.UntilAsync("the manifest in Git to be seen", s => s.ObservedGeneration == generation, ct);
        Assert.Equal((first, null, back.Rollout.Id), (still.Stable!.Release, still.Candidate?.Release, still.Rollout!.Id));
        Assert.Equal((second, Reasons.RolledBack), Assert.Single(still.FailedReleases!.Select(f => (f.Release, f.Reason))));
        Assert.Contains(still.Conditions!, c => c is { Type: ConditionTypes.Stalled, Status: "True", Reason: Reasons.ReleaseLocked });
        await scene.AssertRecordsAsync(ct, "Promoted", "Promoted", "Promoted");
        Assert.Empty(users.Statistics.Failures);
    }

    [RealApiServerFact]
    public async Task An_abort_locks_what_the_spec_asks_for_and_a_retry_starts_it_again()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);
        var first = scene.Status.Stable!.Release;

        await scene.ApplyAsync(new() { Revision = "v2", Steps = "[{weight: 25, hold: 5m}]" }, ct);
        var tried = await scene.UntilTriedAsync("v2", 25, ct);
        var abort = await scene.ActAsync("abort", null, ct);
        Assert.Equal((RolloutActionPhases.Applied, $"release {tried.Candidate!.Release} is off all traffic and locked"), (abort.Status!.Phase, abort.Status.Message));
        Assert.Equal(("Reverted", Reasons.Aborted), await EndAsync(scene, tried.Rollout!.Id, ct));
        Assert.Equal((first, tried.Candidate.Release), (scene.Status.Stable!.Release, Assert.Single(scene.Status.FailedReleases!).Release));
        Assert.Null(scene.Status.Candidate);

        Assert.Equal(RolloutActionPhases.Applied, (await scene.ActAsync("retry", null, ct)).Status!.Phase);
        var again = await scene.UntilTriedAsync("v2", 25, ct);
        Assert.NotEqual(tried.Rollout.Id, again.Rollout!.Id);
        Assert.Null(again.FailedReleases);
        await scene.AssertRecordsAsync(ct, "Promoted", "Reverted");
        Assert.Empty(users.Statistics.Failures);
        Assert.Contains("alice@example.com", await scene.KubectlAsync(ct, "get", "rolloutactions"), StringComparison.Ordinal);
    }

    private static async Task<(string Outcome, string Reason)> EndAsync(Scene scene, string rollout, CancellationToken ct)
    {
        var ended = await scene.UntilEndedAsync(rollout, ct);
        return (ended.Outcome, ended.Reason);
    }
}
