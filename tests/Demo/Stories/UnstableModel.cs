using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Demo.Stories;

/// <summary>
/// Passes its gate, then at 25 % begins to answer part of its requests with 5xx and to stall. The live tests revert it, and no user notices.
/// </summary>
public sealed class UnstableModel : Story
{
    private const int EnginePort = 8000;

    public override string Title => "good answers, bad behaviour";

    public override IReadOnlyList<string> Manifests => ["4-unstable-model.yaml"];

    protected override string Expected => "Reverted";

    protected override async Task<RolloutStatus> FollowAsync(Stage stage, LlmDeploymentStatus before, DateTimeOffset started, Report report, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        var at25 = await stage.Recorder.WaitAsync("the candidate to get 25 %", s => s.Candidate?.Weight == 25 && s.Rollout?.Id != before.Rollout?.Id, Limit, ct);
        var pods = stage.Recorder.Pods
            .Where(p => p.Metadata.Labels?.GetValueOrDefault(Labels.Serving) == at25.Status!.Candidate!.ServingHash && p.Status?.PodIP is not null)
            .Select(p => p.Status!.PodIP!)
            .ToList();
        report.Require(pods.Count > 0, "the candidate has no pod");

        using var watching = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var evidence = WatchEvidenceAsync(http, stage, at25.Status!.Rollout!.Id, watching.Token);
        foreach (var pod in pods)
            await BreakAsync(http, pod, ct);
        var end = await EndAsync(stage, before, ct);
        await watching.CancelAsync();
        var sufficient = await evidence;

        var rollout = end.Status!.Rollout!;
        report.Require(rollout.Phase == "Reverted" && rollout.Reason == Reasons.LiveTestFailed, $"ended as {rollout.Phase} ({rollout.Reason}): {rollout.Message}");
        report.Require(end.Status.Stable?.Release == before.Stable?.Release, "stable is another release than before");
        report.Require(end.Status.FailedReleases?.Any(f => f.Release == rollout.Release) == true, "the release is not locked");
        var record = end.Status.History?.FirstOrDefault(h => h.Id == rollout.Id);
        report.Require(record is not null, "the rollout is not in the history");

        if (await FirstFailureAsync(http, pods, ct) is { } firstBad)
            report.Fact($"{(end.SeenAt - firstBad).TotalMilliseconds:0} ms from the first bad event to weight 0");
        else
            report.Require(false, "no pod tells of an injected failure: nothing went wrong, so nothing was proven");
        report.Fact(sufficient is { } enough
            ? $"{Math.Max(0, (end.SeenAt - enough).TotalMilliseconds):0} ms from sufficient evidence in the gateway to weight 0"
            : "weight was 0 before this client saw sufficient evidence (under 50 ms)");
        report.Fact($"{record?.CandidateRequests} candidate requests, up to {record?.MaxWeight} %");
        report.Fact(rollout.Message ?? string.Empty);
        return rollout;
    }

    private static async Task BreakAsync(HttpClient http, string pod, CancellationToken ct)
    {
        var patch = new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 0.2, ["stallRate"] = 0.1, ["stallSeconds"] = 20 } };
        using var response = await http.PostAsJsonAsync($"http://{pod}:{EnginePort}/admin/behaviour", patch, ct);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<DateTimeOffset?> FirstFailureAsync(HttpClient http, IReadOnlyList<string> pods, CancellationToken ct)
    {
        DateTimeOffset? first = null;
        foreach (var pod in pods)
        {
            try
            {
                var stats = await http.GetFromJsonAsync<JsonObject>($"http://{pod}:{EnginePort}/admin/stats", ct);
                if ((DateTimeOffset?)stats?["firstInjectedFailureAt"] is { } at && (first is null || at < first))
                    first = at;
            }
            catch (HttpRequestException)
            {
                // The pod is drained and gone already; another one may still tell.
            }
        }

        return first;
    }

    /// <summary>Reads the gateway's counts and works the tests out by itself: when there was first enough evidence.</summary>
    private static async Task<DateTimeOffset?> WatchEvidenceAsync(HttpClient http, Stage stage, string rollout, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                var counts = await Task.WhenAll(stage.GatewayAdmins.Select(admin => http.GetFromJsonAsync<JsonObject>(new Uri(admin, "/internal/evidence"), ct)));
                if (LiveEvidence.IsSufficient(counts, rollout))
                    return stage.Time.GetUtcNow();
                await Task.Delay(TimeSpan.FromMilliseconds(25), stage.Time, ct);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
