using System.Text.Json;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests.Evidence;

public sealed class EvidenceTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_document_is_as_the_contract_says()
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Status(500), time: time);
        time.Advance(TimeSpan.FromMinutes(1));
        bed.Weigh(50, epoch: 2);
        for (var i = 0; i < 3; i++)
            await bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Stable, 50).ElementAt(i));
        for (var i = 0; i < 2; i++)
            await bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Candidate, 50).ElementAt(i));

        var document = await bed.AdminAsync("/internal/evidence");

        var process = JsonDocument.Parse(document).RootElement.GetProperty("process").GetString()!;
        Assert.Matches("^[0-9a-f]{32}$", process);
        Assert.Equal(
            """{"process":"P","startedAt":"2026-01-01T00:00:00+00:00","rollouts":[{"namespace":"default","name":"bot","rollout":"9a3b12cd","epochs":[{"epoch":2,"weight":50,"ttftThresholdsSeconds":[],"stable":{"requests":3,"units":3,"errors":0,"slowTtft":[],"slowTimePerOutputToken":[],"longOutput":[],"costly":[],"blocked":0,"negativeFeedback":0,"overLimit":[],"renderFailures":0,"unauthorized":0},"candidate":{"requests":2,"units":2,"errors":2,"slowTtft":[],"slowTimePerOutputToken":[],"longOutput":[],"costly":[],"blocked":0,"negativeFeedback":0,"overLimit":[],"renderFailures":0,"unauthorized":0,"firstErrorAt":"2026-01-01T00:01:00+00:00"}}],"recent":{"stable":{"ttftSeconds":{"answers":5,"p50":0.0001,"p95":0.0001},"outputTokens":{"answers":5,"p50":5.204,"p95":5.204}}}}]}""",
            document.Replace(process, "P", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Thresholds_are_stables_quantiles_from_before_the_epoch_and_stay()
    {
        var time = new ManualTime();
        var delay = TimeSpan.Zero;
        await using var bed = await GatewayBed.StartAsync(
            stable: async context =>
            {
                time.Advance(delay);
                await Answers.Right("x")(context);
            },
            time: time);
        for (var i = 1; i <= 100; i++)
        {
            delay = TimeSpan.FromMilliseconds(i * 10);
            await bed.ChatAsync();
        }

        bed.Weigh(5, epoch: 1);
        var before = await ThresholdsAsync(bed);
        Assert.Equal(5, before.Length);
        foreach (var (threshold, exact) in before.Zip([0.5, 0.75, 0.9, 0.95, 0.99]))
            Assert.InRange(threshold, exact, exact * 1.051);

        delay = TimeSpan.FromSeconds(5);
        for (var i = 0; i < 30; i++)
            await bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Stable, 5).ElementAt(i));
        Assert.Equal(before, await ThresholdsAsync(bed));
        Assert.Equal([30, 30, 30, 30, 30], (await bed.EpochsAsync())[0].GetProperty("stable").GetProperty("slowTtft").EnumerateArray().Select(e => e.GetInt32()));
    }

    [Fact]
    public async Task What_the_answers_of_the_last_minutes_were_like_is_told_of_both_tracks_by_the_release_that_answered()
    {
        var time = new ManualTime();
        await using var bed = await WarmAsync(time, async context =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Answers.Right("candidate")(context);
        });
        foreach (var session in GatewayBed.Sessions(Tracks.Candidate, 50).Take(20))
            await bed.ChatAsync(session: session);

        var (stable, candidate) = (await RecentAsync(bed, "stable"), await RecentAsync(bed, "candidate"));

        Assert.Equal((60, 20), (stable.GetProperty("ttftSeconds").GetProperty("answers").GetInt32(), candidate.GetProperty("ttftSeconds").GetProperty("answers").GetInt32()));
        Assert.InRange(stable.GetProperty("ttftSeconds").GetProperty("p50").GetDouble(), 0.245, 0.275);
        Assert.InRange(stable.GetProperty("ttftSeconds").GetProperty("p95").GetDouble(), 0.46, 0.5);
        Assert.InRange(candidate.GetProperty("ttftSeconds").GetProperty("p50").GetDouble(), 1, 1.051);
        Assert.InRange(candidate.GetProperty("outputTokens").GetProperty("p95").GetDouble(), 5, 5.25);
        Assert.False(candidate.TryGetProperty("timePerOutputTokenSeconds", out _), "answers of five tokens tell no pace");
    }

    [Fact]
    public async Task A_request_that_still_waits_counts_at_each_threshold()
    {
        var time = new ManualTime();
        await using var bed = await WarmAsync(time, Answers.Silence());
        var call = bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Candidate, 50).First());
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the request");
        Assert.Equal("0 0 0 0 0", await SlowAsync(bed, "candidate"));

        // Stable took 10 to 500 ms: p50 about 0.25 s, p99 about 0.5 s.
        time.Advance(TimeSpan.FromMilliseconds(320));
        Assert.Equal("1 0 0 0 0", await SlowAsync(bed, "candidate"));
        time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.Equal("1 1 1 1 1", await SlowAsync(bed, "candidate"));
        Assert.Equal(0, bed.Candidate.Bodies.Count - 1);

        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("stable!", (await call.WaitAsync(Soon)).Text);
        Assert.Equal("1 1 1 1 1", await SlowAsync(bed, "candidate"));
        Assert.Equal("0 0 0 0 0", await SlowAsync(bed, "stable"));
    }

    [Fact]
    public async Task A_session_has_at_most_one_error_and_one_slow_answer_a_rollout()
    {
        var time = new ManualTime();
        await using var bed = await WarmAsync(time, Answers.Status(500));
        var session = GatewayBed.Sessions(Tracks.Candidate, 50).First();

        for (var i = 0; i < 5; i++)
            await bed.ChatAsync(session: session);
        bed.Weigh(75, epoch: 3);
        await bed.ChatAsync(session: session);

        var epochs = await bed.EpochsAsync();
        Assert.Equal((5, 1), (Count(epochs[0], "requests"), Count(epochs[0], "errors")));
        Assert.Equal((1, 0), (Count(epochs[1], "requests"), Count(epochs[1], "errors")));

        bed.Weigh(50, epoch: 1, rollout: "00000002");
        session = GatewayBed.Sessions(Tracks.Candidate, 50, "00000002").First();
        await bed.ChatAsync(session: session);
        Assert.Equal(1, Count((await bed.EpochsAsync())[0], "errors"));

        static long Count(JsonElement epoch, string what) => epoch.GetProperty("candidate").GetProperty(what).GetInt64();
    }

    [Fact]
    public async Task Without_a_session_every_request_counts()
    {
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Status(500), weight: 100);

        for (var i = 0; i < 5; i++)
            await bed.ChatAsync();

        Assert.Equal(5, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task A_late_answer_counts_for_the_epoch_of_its_assignment()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(
            candidate: async context =>
            {
                await go.Task;
                await Answers.Status(500)(context);
            },
            weight: 100);
        var call = bed.ChatAsync();
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the request");
        bed.Weigh(0, epoch: 2);
        go.SetResult();

        Assert.Equal("stable!", (await call).Text);

        var epochs = await bed.EpochsAsync();
        Assert.Equal(1, epochs.GetArrayLength());
        Assert.Equal(1, epochs[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task An_errored_answer_of_stable_counts_for_stable()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Status(500), weight: 50);

        await bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Stable, 50).First());

        Assert.Equal(1, (await bed.EpochsAsync())[0].GetProperty("stable").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task Evidence_of_a_rollout_that_is_over_stays_for_the_last_scrape_and_goes()
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(weight: 50, time: time);
        await bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Candidate, 50).First());
        bed.Promote();
        await bed.ChatAsync();

        Assert.Equal(1, await bed.CountAsync("candidate", "requests"));
        Assert.DoesNotContain("\"recent\":{", await bed.AdminAsync("/internal/evidence"), StringComparison.Ordinal);
        Assert.Contains("\nllmops_assigned_total{", await bed.AdminAsync("/metrics"), StringComparison.Ordinal);

        time.Advance(new GatewayOptions().KeepSeries);
        Assert.Contains("\"rollouts\":[]", await bed.AdminAsync("/internal/evidence"), StringComparison.Ordinal);
        Assert.DoesNotContain("\nllmops_assigned_total{", await bed.AdminAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_rollouts_that_were_over_before_it_came_a_gateway_knows_nothing()
    {
        await using var bed = await GatewayBed.StartAsync();
        for (var i = 0; i < 20; i++)
            bed.Gateway.Routes.Apply(null, Cluster.Deployment($"other-{i}", stable: Cluster.Release("r", "stable", 100), rollout: $"done-{i}", phase: i % 2 == 0 ? "Promoted" : "Reverted"));
        bed.Gateway.Routes.Apply(null, Cluster.Deployment("running", stable: Cluster.Release("r", "stable", 100), candidate: Cluster.Release("c", "candidate", 0), rollout: "runs"));
        bed.Promote();

        var rollouts = JsonDocument.Parse(await bed.AdminAsync("/internal/evidence")).RootElement.GetProperty("rollouts");
        Assert.Equal(["9a3b12cd", "runs"], rollouts.EnumerateArray().Select(rollout => rollout.GetProperty("rollout").GetString()));
    }

    [Fact]
    public async Task Evidence_is_gone_with_its_deployment()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        await bed.ChatAsync();
        bed.Gateway.Routes.Apply(Cluster.Deployment(), (LlmDeployment?)null);

        Assert.Contains("\"rollouts\":[]", await bed.AdminAsync("/internal/evidence"));
    }

    [Fact]
    public void Once_a_rollout_is_over_no_unit_is_remembered()
    {
        var events = new BadEvents();
        Assert.True(events.IsFirst(Signal.Error, 1));
        events.Close();

        Assert.False(events.IsFirst(Signal.Error, 2));
        Assert.True(events.IsFirst(Signal.Error, unit: null));
    }

    [Fact]
    public void Memory_of_bad_events_is_bounded_and_signals_do_not_compete()
    {
        var events = new BadEvents();
        for (ulong unit = 0; unit < BadEvents.MaxUnits; unit++)
            Assert.True(events.IsFirst(Signal.SlowTtft, unit));

        Assert.False(events.IsFirst(Signal.SlowTtft, ulong.MaxValue));
        Assert.True(events.IsFirst(Signal.SlowTtft, 7, 4));
        Assert.False(events.IsFirst(Signal.SlowTtft, 7, 4));
        Assert.True(events.IsFirst(Signal.Error, ulong.MaxValue));
        Assert.False(events.IsFirst(Signal.Error, ulong.MaxValue));
    }

    [Fact]
    public async Task Metrics_show_the_same_numbers()
    {
        var time = new ManualTime();
        await using var bed = await WarmAsync(time, Answers.Status(500));
        await bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Candidate, 50).First());

        var metrics = await bed.AdminAsync("/metrics");

        Assert.Matches(new Regex("""^llmops_assigned_total\{[^}]*epoch="2"[^}]*track="candidate"[^}]*\} 1$""", RegexOptions.Multiline), metrics);
        Assert.Matches(new Regex("""^llmops_bad_total\{[^}]*kind="error"[^}]*track="candidate"[^}]*\} 1$""", RegexOptions.Multiline), metrics);
        Assert.Contains("kind=\"slow_ttft_p99\"", metrics);
    }

    /// <summary>Stable known from 60 streamed answers of 10 to 500 ms, then a candidate at 50 % in epoch 2.</summary>
    private static async Task<GatewayBed> WarmAsync(ManualTime time, Func<Microsoft.AspNetCore.Http.HttpContext, Task> candidate)
    {
        var delay = TimeSpan.Zero;
        var bed = await GatewayBed.StartAsync(
            stable: async context =>
            {
                time.Advance(delay);
                await Answers.Right("stable")(context);
            },
            candidate: candidate,
            time: time);
        for (var i = 0; i < 60; i++)
        {
            delay = TimeSpan.FromMilliseconds(10 + (490 * i / 59));
            await bed.ChatAsync();
        }

        delay = TimeSpan.Zero;
        bed.Weigh(50, epoch: 2);
        return bed;
    }

    private static async Task<string> SlowAsync(GatewayBed bed, string track) =>
        string.Join(' ', (await bed.EpochsAsync())[0].GetProperty(track).GetProperty("slowTtft").EnumerateArray());

    private static async Task<JsonElement> RecentAsync(GatewayBed bed, string track) =>
        JsonDocument.Parse(await bed.AdminAsync("/internal/evidence")).RootElement.GetProperty("rollouts")[0].GetProperty("recent").GetProperty(track);

    private static async Task<double[]> ThresholdsAsync(GatewayBed bed) =>
        [.. (await bed.EpochsAsync())[0].GetProperty("ttftThresholdsSeconds").EnumerateArray().Select(e => e.GetDouble())];
}
