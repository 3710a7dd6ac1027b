using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Bench.Reporting;
using LlmOps.Rollouts;

namespace LlmOps.Bench.Revert;

/// <summary>
/// Time to revert, end to end: real API server, operator and two gateways as pods, emulated engines. Each repetition brings a release to 50 %, makes every
/// other request of it fail, and watches until it has no traffic.
/// </summary>
internal static class RevertPart
{
    /// <summary>Per cent of the requests that a candidate gets.</summary>
    public const int Weight = 50;

    private const double FailingShare = 0.5;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Healthy traffic before the break: the candidate's evidence begins good.</summary>
    private static readonly TimeSpan HealthyFor = TimeSpan.FromSeconds(2);

    /// <summary>How long gateways are watched for late requests to the candidate.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromMilliseconds(500);

    private static readonly AnalysisPlan Analysis = new() { Tolerance = new(Ttft: RevertLane.Tolerance.Ttft!.Value, TimePerOutputToken: RevertLane.Tolerance.TimePerOutputToken!.Value) };

    public static async Task<PartResult> RunAsync(BenchContext context, CancellationToken ct)
    {
        var (lanes, repetitions) = context.Quick ? (1, 3) : (3, 67);
        await using var bed = await RevertBed.StartAsync(context, lanes, ct);
        await using var watch = new EvidenceWatch(bed.GatewayAdmins, Analysis, context.Time);
        var runs = await Task.WhenAll(bed.Lanes.Select(lane => RunAsync(watch, lane, repetitions, context, ct)));
        var done = runs.SelectMany(run => run.Done).ToList();
        var lost = bed.Lanes.SelectMany(lane => lane.Load.Statistics.Failures).ToList();
        var requests = bed.Lanes.Sum(lane => (long)lane.Load.Statistics.Total);
        return new(
            "revert",
            [.. Figures(done), new("user requests failed", lost.Count) { AtMost = 0, Note = lost.Count == 0 ? $"of {requests}" : lost[0].Failure }],
            Details(done),
            [.. runs.SelectMany(run => run.Problems)]);
    }

    private static async Task<(List<Repetition> Done, List<string> Problems)> RunAsync(EvidenceWatch watch, RevertLane lane, int repetitions, BenchContext context, CancellationToken ct)
    {
        var (done, problems) = (new List<Repetition>(), new List<string>());
        for (var i = 1; i <= repetitions; i++)
        {
            try
            {
                var repetition = await RepeatAsync(watch, lane, i, context.Time, ct);
                done.Add(repetition);
                context.Say($"revert: {lane}, {i} of {repetitions}: weight 0 after {repetition.FirstBad:0} ms, {repetition.Evidence:0} ms after sufficient evidence");
            }
            catch (Exception failure) when (failure is TimeoutException or InvalidOperationException or HttpRequestException)
            {
                problems.Add($"{lane}, repetition {i}: {failure.Message}");
                context.Say($"revert: {problems[^1]}");
            }
        }

        return (done, problems);
    }

    private static async Task<Repetition> RepeatAsync(EvidenceWatch watch, RevertLane lane, int number, TimeProvider time, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        var before = lane.Recorder.Latest?.Status?.Rollout?.Id;
        await lane.ApplyAsync(number, ct);
        var sighting = await lane.Recorder.WaitAsync($"the candidate to get {Weight} %", status => status.Candidate?.Weight == Weight && status.Rollout?.Id != before, Limit, ct);
        var rollout = sighting.Status!.Rollout!.Id;
        var pods = lane.Pods(sighting.Status.Candidate!.ServingHash);

        var evidence = watch.Follow(rollout);
        await Task.Delay(HealthyFor, time, ct);
        if (lane.Recorder.Latest?.Status?.Candidate?.Weight != Weight)
            throw new InvalidOperationException($"the candidate lost its traffic before it was broken: {lane.Recorder.Latest?.Status?.Rollout?.Message}");
        var healthyRequests = evidence.CandidateRequests;
        foreach (var pod in pods)
            await BreakAsync(http, pod, ct);

        var off = await lane.Recorder.WaitAsync("weight 0", status => IsOff(status, rollout), Limit, ct);
        var offAt = lane.Recorder.Since(sighting.SeenAt).First(seen => IsOff(seen.Status, rollout)).SeenAt;
        var firstBad = await FirstFailureAsync(http, pods, ct) ?? throw new InvalidOperationException("no pod tells of an injected failure");
        await Task.Delay(Afterwards, time, ct);
        watch.Leave(evidence);
        await lane.Recorder.WaitAsync("the end of the rollout", status => status.Rollout is { Phase: "Reverted" } ended && ended.Id == rollout, Limit, ct);
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
        .. Three("sufficient evidence in the gateways → candidate weight 0 in the status", done, one => one.Evidence, "ms", budgetOfP99: 1000),
        .. Three("sufficient evidence → last request given to the candidate by any gateway", done, one => one.LastAssigned, "ms", budgetOfP99: 1000),
        .. Three("first bad answer → weight 0", done, one => one.FirstBad, "ms", null),
        .. Three("candidate requests from its breaking to weight 0", done, one => one.CandidateRequests, "", null),
    ];

    /// <summary>Nearest rank: with fewer than a hundred values p99 is the largest.</summary>
    private static IEnumerable<Figure> Three(string what, List<Repetition> done, Func<Repetition, double> value, string unit, double? budgetOfP99) =>
    [
        new($"{what}, p50", Quantiles.Median(done.Select(value)), unit),
        new($"{what}, p99 of {done.Count}", Quantiles.Of(done.Select(value), 0.99), unit) { AtMost = budgetOfP99 },
        new($"{what}, largest", done.Max(value), unit),
    ];

    /// <summary>The distribution, since hundreds of rows tell nobody anything.</summary>
    private static IReadOnlyList<Detail> Details(List<Repetition> done) => done.Count == 0 ? [] :
    [
        new(
            $"{done.Count} reverts of a candidate that fails {FailingShare:0%} of its requests",
            ["ms, but the last row", "p10", "p50", "p90", "p95", "p99", "largest"],
            [
                Row("first bad answer → sufficient evidence", done, one => one.Detection),
                Row("sufficient evidence → weight 0", done, one => one.Evidence),
                Row("sufficient evidence → last request to it", done, one => one.LastAssigned),
                Row("first bad answer → weight 0", done, one => one.FirstBad),
                Row("candidate requests", done, one => one.CandidateRequests),
            ]),
    ];

    private static IReadOnlyList<string> Row(string what, List<Repetition> done, Func<Repetition, double> value) =>
        [what, .. new[] { 0.1, 0.5, 0.9, 0.95, 0.99, 1 }.Select(q => $"{Quantiles.Of(done.Select(value), q):0}")];
}
