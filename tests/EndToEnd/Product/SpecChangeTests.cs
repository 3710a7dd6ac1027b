using LlmOps.Api;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Somebody changes their mind while a candidate has users.</summary>
[Collection(ProductCollection.Name)]
[Trait(AnyCluster.Trait, AnyCluster.Value)]
public sealed class SpecChangeTests(ProductFixture product)
{
    private const string Canary = "[{weight: 50, hold: 10m}]";

    [RealApiServerFact]
    public async Task A_newer_spec_supersedes_a_canary_stables_own_ends_it_without_a_lock_and_a_deletion_leaves_nothing_behind()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);
        var first = scene.Status.Stable!.Release;

        await scene.ApplyAsync(new() { Revision = "v2", Steps = Canary }, ct);
        var second = await scene.UntilTriedAsync("v2", 50, ct);
        await scene.ApplyAsync(new() { Revision = "v4-unstable", Steps = Canary }, ct);
        var third = await scene.UntilTriedAsync("v4-unstable", 50, ct);
        Assert.Equal(("Superseded", Reasons.Superseded), await EndAsync(scene, second.Rollout!.Id, ct));
        Assert.Equal(first, third.Stable!.Release);

        await scene.ApplyAsync(new() { Steps = Canary }, ct);
        Assert.Equal(("Reverted", Reasons.SpecReverted), await EndAsync(scene, third.Rollout!.Id, ct));
        var back = await scene.UntilAsync("the candidates' pods to be let go", s => s.Candidate is null && s.Retiring is null or { Count: 0 }, ct);
        Assert.Equal((first, 100), (back.Stable!.Release, back.Stable.Weight));
        Assert.Null(back.FailedReleases);
        await scene.AssertRecordsAsync(ct, "Promoted", "Superseded", "Reverted");

        await scene.ApplyAsync(new() { Revision = "v2", Steps = Canary }, ct);
        await scene.UntilTriedAsync("v2", 50, ct);
        Assert.Empty(users.Statistics.Failures);
        await scene.KubectlAsync(ct, "delete", "llmdeployment", Samples.Deployment, "--wait=false");
        await scene.KubectlAsync(ct, "wait", "--for=delete", "--timeout=60s", "pods,services,deployments,replicasets,rolloutrecords,controllerrevisions,endpointslices,evalruns,configmaps", "-l", $"{Labels.Deployment}={Samples.Deployment}");
        Assert.Empty(await scene.ListAsync<Pod>(ct));
        Assert.Empty(await scene.ListAsync<Service>(ct));
        Assert.Empty(await scene.ListAsync<Deployment>(ct));
        Assert.Empty(await scene.ListAsync<RolloutRecord>(ct));
        Assert.Empty(await scene.ListAsync<ControllerRevision>(ct));
    }

    private static async Task<(string Outcome, string Reason)> EndAsync(Scene scene, string rollout, CancellationToken ct)
    {
        var ended = await scene.UntilEndedAsync(rollout, ct);
        return (ended.Outcome, ended.Reason);
    }
}
