using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>The control plane itself is killed (SIGKILL) and started again: users notice nothing, and what was to be done is done afterwards.</summary>
[Collection(FaultGroup.Name)]
public sealed class OutageTests(FaultBed bed, ITestOutputHelper output)
{
    /// <summary>Two minutes where <c>LLMOPS_FAULTS=all</c> asks for them.</summary>
    private static readonly TimeSpan Outage = FaultSlice.IsAll ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(6);

    private static readonly RolloutStep[] Endless = [new() { Weight = 50, Hold = TimeSpan.FromMinutes(30), MinRequests = 1 }];

    [RealApiServerFact]
    public async Task A_candidate_that_goes_bad_while_the_api_server_is_away_is_reverted_when_it_is_back_and_a_revert_goes_on_over_a_crash_of_etcd()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        var failures = scene.UserFailures.Count;
        await using var only = await OperatorProcess.StartAsync("only", bed.Accounts.OperatorKubeconfig, scene.Namespace);
        await scene.TryNewAsync("v4-unstable", Endless, null, ct);
        var tried = await scene.UntilAsync("the candidate to get 50 %", s => s.Candidate is { Revision: "v4-unstable", Weight: 50 } && s.Rollout?.HoldStartedAt is not null, ct);

        var pods = await scene.PodsAsync(tried.Candidate!, ct);
        await bed.WithoutApiServerAsync(async () =>
        {
            await FaultScene.FailAsync(pods, ct);
            await Task.Delay(Outage, TimeProvider.System, ct);
        });
        var start = TimeProvider.System.GetTimestamp();
        var now = tried;
        // Asked for and not watched: who watches has waits of their own after an outage.
        await Eventually.TrueAsync(
            async c => (now = (await bed.Client.GetAsync<LlmDeployment>(scene.Key, c))!.Status!).Candidate is null or { Weight: 0 }, FaultBed.Patience, () => $"the candidate to lose its traffic; it is {now.Candidate}; the operator's log ends:\n{only.LogTail}", ct);
        output.WriteLine($"{TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s from the API server's return to weight 0");
        Assert.Equal(tried.Rollout!.Id, now.Rollout!.Id);

        // Its pods are still there.
        await bed.WithoutEtcdAsync(() => Task.Delay(Outage / 3, TimeProvider.System, ct));
        start = TimeProvider.System.GetTimestamp();
        var ended = await scene.UntilEndedAsync(tried.Rollout.Id, ct);
        output.WriteLine($"{TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s from etcd's return to the end of the revert");
        Assert.Equal(("Reverted", Reasons.LiveTestFailed), (ended.Outcome, ended.Reason));
        await Eventually.TrueAsync(async c => (await scene.ListAsync<Deployment>(c)).Count == 1, FaultBed.Patience, () => "the candidate's Deployment to go", ct);
        Assert.Contains(scene.Status.FailedReleases!, failed => failed.Release == tried.Candidate!.Release);
        Assert.Equal([], scene.UserFailures.Skip(failures));
    }

    [RealApiServerFact]
    public async Task Pods_of_a_reverted_candidate_that_drain_while_the_api_server_is_away_are_left_their_time_and_go_when_it_is_back()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        var failures = scene.UserFailures.Count;
        await using var only = await OperatorProcess.StartAsync("only", bed.Accounts.OperatorKubeconfig, scene.Namespace);
        var prompt = await scene.TryNewAsync("v4-unstable", Endless, null, ct, scaleDownDelay: Outage + TimeSpan.FromSeconds(15));
        var tried = await scene.UntilTriedAsync(prompt, 50, ct);
        await FaultScene.FailAsync(await scene.PodsAsync(tried.Candidate!, ct), ct);
        var drained = await scene.UntilAsync("the candidate to lose its traffic while its pods drain", s => s.Candidate is null or { Weight: 0 } && s.Retiring is { Count: > 0 }, ct);
        await bed.WithoutApiServerAsync(() => Task.Delay(Outage, TimeProvider.System, ct));

        var until = drained.Retiring![0].Until;
        Assert.True(TimeProvider.System.GetUtcNow() < until, $"it was to be away while pods drain, until {until}");
        Assert.NotEmpty(await scene.PodsAsync(tried.Candidate!, ct));
        await Eventually.TrueAsync(async c => (await scene.ListAsync<Deployment>(c)).Count == 1, FaultBed.Patience, () => $"the candidate's Deployment to go; the operator's log ends:\n{only.LogTail}", ct);
        Assert.InRange(TimeProvider.System.GetUtcNow(), until, DateTimeOffset.MaxValue);
        var ended = await scene.UntilEndedAsync(tried.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.LiveTestFailed), (ended.Outcome, ended.Reason));
        Assert.Contains(scene.Status.FailedReleases!, failed => failed.Release == tried.Candidate!.Release);
        Assert.Equal([], scene.UserFailures.Skip(failures));
    }
}
