using System.Net.Http.Json;
using System.Text.Json.Nodes;
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
    private static readonly TimeSpan Outage = Environment.GetEnvironmentVariable("LLMOPS_FAULTS") == "all" ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(6);

    private static readonly RolloutStep[] Endless = [new() { Weight = 50, Hold = TimeSpan.FromMinutes(30), MinRequests = 1 }];

    [RealApiServerFact]
    public async Task A_candidate_that_goes_bad_while_the_api_server_is_away_is_reverted_when_it_is_back_and_a_revert_goes_on_over_a_crash_of_etcd()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        var failures = scene.UserFailures.Count;
        await using var only = await OperatorProcess.StartAsync("only", bed.Cluster.KubeconfigPath, scene.Namespace);
        await scene.TryModelAsync("v4-unstable", Endless, ct);
        var tried = await scene.UntilAsync("the candidate to get 50 %", s => s.Candidate is { Revision: "v4-unstable", Weight: 50 } && s.Rollout?.HoldStartedAt is not null, ct);

        await bed.ControlPlane.KillApiServerAsync();
        await FailAsync(scene, tried.Candidate!, ct);
        await Task.Delay(Outage, TimeProvider.System, ct);
        await bed.ControlPlane.RestartApiServerAsync(ct);
        var start = TimeProvider.System.GetTimestamp();
        var now = tried;
        // Asked for and not watched: who watches has waits of their own after an outage.
        await Eventually.TrueAsync(
            async c => (now = (await bed.Client.GetAsync<LlmDeployment>(scene.Key, c))!.Status!).Candidate is null or { Weight: 0 }, FaultBed.Patience, () => $"the candidate to lose its traffic; it is {now.Candidate}; the operator's log ends:\n{only.LogTail}", ct);
        output.WriteLine($"{TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s from the API server's return to weight 0");
        Assert.Equal(tried.Rollout!.Id, now.Rollout!.Id);

        // Its pods are still there.
        await bed.ControlPlane.KillEtcdAsync();
        await Task.Delay(Outage / 3, TimeProvider.System, ct);
        await bed.ControlPlane.RestartEtcdAsync(ct);
        start = TimeProvider.System.GetTimestamp();
        var ended = await scene.UntilEndedAsync(tried.Rollout.Id, ct);
        output.WriteLine($"{TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s from etcd's return to the end of the revert");
        Assert.Equal(("Reverted", Reasons.LiveTestFailed), (ended.Outcome, ended.Reason));
        await Eventually.TrueAsync(async c => (await scene.ListAsync<Deployment>(c)).Count == 1, FaultBed.Patience, () => "the candidate's Deployment to go", ct);
        Assert.Contains(scene.Status.FailedReleases!, failed => failed.Release == tried.Candidate!.Release);
        Assert.Equal([], scene.UserFailures.Skip(failures));
    }

    /// <summary>The candidate's engines answer everything with 500 from now on.</summary>
    private static async Task FailAsync(FaultScene scene, ReleaseStatus candidate, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
        var pods = scene.Recorder.Pods.Where(pod => pod.Metadata.Labels?.GetValueOrDefault(Labels.Serving) == candidate.ServingHash && pod.Status?.PodIP is not null).ToList();
        Assert.NotEmpty(pods);
        foreach (var pod in pods)
        {
            using var answer = await http.PostAsJsonAsync($"http://{pod.Status!.PodIP}:8000/admin/behaviour", new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 1 } }, ct);
            answer.EnsureSuccessStatusCode();
        }
    }
}
