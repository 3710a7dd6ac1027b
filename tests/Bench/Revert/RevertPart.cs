using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Bench.Reporting;
using LlmOps.Rollouts;

namespace LlmOps.Bench.Revert;

/// <summary>
/// Time to revert, end to end: real API server, operator and two gateways as pods, emulated engines. Each repetition brings a release to 25 %, makes one
/// request in five of it fail, and watches until it has no traffic.
/// </summary>
internal static class RevertPart
{
    private const double FailingShare = 0.2;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Healthy traffic before the break: the candidate's evidence begins good.</summary>
    private static readonly TimeSpan HealthyFor = TimeSpan.FromSeconds(2);

    /// <summary>How long gateways are watched for late requests to the candidate.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromMilliseconds(500);

    private static readonly AnalysisPlan Analysis = new() { Tolerance = new(Ttft: RevertBed.TtftTolerance) };

    public static async Task<PartResult> RunAsync(BenchContext context, CancellationToken ct)
    {
        var repetitions = context.Quick ? 3 : 10;
        await using var bed = await RevertBed.StartAsync(context, ct);
        var done = new List<Repetition>();
        var problems = new List<string>();
        for (var i = 1; i <= repetitions; i++)
        {
            try
            {
                var repetition = await RepeatAsync(bed, i, context.Time, ct);
                done.Add(repetition);
                context.Say($"revert: {i} of {repetitions}: weight 0 after {repetition.FirstBad:0} ms, {repetition.Evidence:0} ms after sufficient evidence");
            }
            catch (Exception failure) when (failure is TimeoutException or InvalidOperationException or HttpRequestException)
            {
                problems.Add($"repetition {i}: {failure.Message}");
                context.Say($"revert: {problems[^1]}");
            }
        }

        var lost = bed.Load.Statistics.Failures;
        return new("revert", [.. Figures(done), new("user requests failed", lost.Count) { AtMost = 0, Note = lost.Count == 0 ? $"of {bed.Load.Statistics.Total}" : lost[0].Failure }], Details(done), problems);
    }

    private static async Task<Repetition> RepeatAsync(RevertBed bed, int number, TimeProvider time, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        var before = bed.Recorder.Latest?.Status?.Rollout?.Id;
        await bed.ApplyAsync(number, ct);
        var sighting = await bed.Recorder.WaitAsync("the candidate to get 25 %", status => status.Candidate?.Weight == 25 && status.Rollout?.Id != before, Limit, ct);
        var rollout = sighting.Status!.Rollout!.Id;
        var pods = bed.Pods(sighting.Status.Candidate!.ServingHash);

        using var watching = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var evidence = new EvidenceWatch(http, bed.GatewayAdmins, rollout, Analysis, time);
        var watch = evidence.RunAsync(watching.Token);
        await Task.Delay(HealthyFor, time, ct);
        if (bed.Recorder.Latest?.Status?.Candidate?.Weight != 25)
            throw new InvalidOperationException($"the candidate lost its traffic before it was broken: {bed.Recorder.Latest?.Status?.Rollout?.Message}");
        var healthyRequests = evidence.CandidateRequests;
        foreach (var pod in pods)
            await BreakAsync(http, pod, ct);

        var off = await bed.Recorder.WaitAsync("weight 0", status => IsOff(status, rollout), Limit, ct);
        var offAt = bed.Recorder.Since(sighting.SeenAt).First(seen => IsOff(seen.Status, rollout)).SeenAt;
        var firstBad = await FirstFailureAsync(http, pods, ct) ?? throw new InvalidOperationException("no pod tells of an injected failure");
        await Task.Delay(Afterwards, time, ct);
        await watching.CancelAsync();
        await watch;
        await bed.Recorder.WaitAsync("the end of the rollout", status => status.Rollout is { Phase: "Reverted" } ended && ended.Id == rollout, Limit, ct);
        if (evidence.SufficientAt is not { } sufficient)
            throw new InvalidOperationException($"reverted without sufficient evidence: {off.Status?.Rollout?.Message}");
        return new(
            (offAt - firstBad).TotalMilliseconds,
            Math.Max(0, (offAt - sufficient).TotalMilliseconds),
            Math.Max(0, (evidence.LastAssignedAt - sufficient).TotalMilliseconds),
            evidence.CandidateRequests - healthyRequests,
            (sufficient - firstBad).TotalMilliseconds);
    }

    private static bool IsOff(LlmDeploymentStatus? status, string rollout) => status?.Rollout?.Id == rollout && status.Candidate is null or { Weight: 0 };

    private static async Task BreakAsync(HttpClient http, Uri pod, CancellationToken ct)
    {
        var patch = new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = FailingShare } };
        using var response = await http.PostAsJsonAsync(new Uri(pod, "/admin/behaviour"), patch, ct);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<DateTimeOffset?> FirstFailureAsync(HttpClient http, IReadOnlyList<Uri> pods, CancellationToken ct)
    {
        var stats = await Task.WhenAll(pods.Select(pod => http.GetFromJsonAsync<JsonObject>(new Uri(pod, "/admin/stats"), ct)));
        return stats.Min(one => (DateTimeOffset?)one?["firstInjectedFailureAt"]);
    }

    private static IEnumerable<Figure> Figures(List<Repetition> done) => done.Count == 0 ? [] :
    [
        .. Three("sufficient evidence in the gateways → candidate weight 0 in the status", done, one => one.Evidence, "ms", budgetOfWorst: 1000),
        .. Three("sufficient evidence → last request given to the candidate by any gateway", done, one => one.LastAssigned, "ms", budgetOfWorst: 1000),
        .. Three("first bad answer → weight 0", done, one => one.FirstBad, "ms", null),
        .. Three("candidate requests from its breaking to weight 0", done, one => one.CandidateRequests, "", null),
    ];

    /// <summary>With ten values, p99 is the largest.</summary>
    private static IEnumerable<Figure> Three(string what, List<Repetition> done, Func<Repetition, double> value, string unit, double? budgetOfWorst) =>
    [
        new($"{what}, p50", Quantiles.Median(done.Select(value)), unit),
        new($"{what}, p99 = max of {done.Count}", done.Max(value), unit) { AtMost = budgetOfWorst },
    ];

    private static IReadOnlyList<Detail> Details(List<Repetition> done) =>
    [
        new(
            $"reverts of a candidate that fails {FailingShare:0%} of its requests",
            ["repetition", "first bad → evidence ms", "evidence → weight 0 ms", "evidence → last request ms", "first bad → weight 0 ms", "candidate requests"],
            [.. done.Select((one, i) => (IReadOnlyList<string>)[$"{i + 1}", $"{one.Detection:0}", $"{one.Evidence:0}", $"{one.LastAssigned:0}", $"{one.FirstBad:0}", $"{one.CandidateRequests}"])]),
    ];
}
