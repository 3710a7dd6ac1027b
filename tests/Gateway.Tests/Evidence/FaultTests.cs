using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests.Evidence;

/// <summary>Whose fault a request's fate is, over the whole gateway.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(401, 200, 1)]
    [InlineData(403, 200, 1)]
    [InlineData(404, 200, 0)]
    [InlineData(401, 401, 0)]
    [InlineData(401, 500, 0)]
    public async Task Refused_credentials_count_only_where_stable_then_answered(int candidate, int stable, int unauthorized)
    {
        await using var bed = await GatewayBed.StartAsync(stable == 200 ? null : Answers.Status(stable), Answers.Status(candidate), weight: 100);

        var reply = await bed.ChatAsync();

        Assert.Equal(stable, reply.Status);
        Assert.Equal((unauthorized, 0), (await bed.CountAsync("candidate", "unauthorized"), await bed.CountAsync("candidate", "errors")));
        Assert.Equal(0, await bed.CountAsync("stable", "unauthorized"));
    }

    [Theory]
    [InlineData("{{query", 200, 1)]
    [InlineData("{{query", 500, 0)]
    [InlineData("For {{query}}", 200, 1)]
    [InlineData("For {{query}}", 500, 0)]
    public async Task A_prompt_that_cannot_be_rendered_counts_only_where_stable_then_answered(string template, int stable, int failures)
    {
        await using var bed = await GatewayBed.StartAsync(stable == 200 ? null : Answers.Status(stable));
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("new", [new PromptMessage { Role = "system", Template = template }], new Dictionary<string, PromptVariable> { ["query"] = new() { Required = true } }));
        bed.Weigh(100, candidatePrompt: "new");

        Assert.Equal(stable, (await bed.ChatAsync()).Status);

        Assert.Equal(failures, await bed.CountAsync("candidate", "renderFailures"));
        Assert.Equal(0, bed.Candidate.Requests);
    }

    [Fact]
    public async Task A_variable_that_no_release_can_do_without_is_the_clients_fault()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("strict", [new PromptMessage { Role = "system", Template = "For {{query}}" }], new Dictionary<string, PromptVariable> { ["query"] = new() { Required = true } }));
        bed.Weigh(100, stablePrompt: "strict", candidatePrompt: "strict");

        Assert.Equal(400, (await bed.ChatAsync()).Status);

        Assert.Equal((0, 0), (await bed.CountAsync("candidate", "renderFailures"), await bed.CountAsync("candidate", "errors")));
    }

    [Fact]
    public async Task A_prompt_that_this_gateway_has_not_seen_yet_is_an_error_and_no_proof()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Weigh(100, candidatePrompt: "late");

        Assert.Equal("stable!", (await bed.ChatAsync()).Text);

        Assert.Equal((0, 1), (await bed.CountAsync("candidate", "renderFailures"), await bed.CountAsync("candidate", "errors")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blocked_answer_counts_as_blocked_and_not_as_an_error(bool stream)
    {
        await using var bed = await GatewayBed.StartAsync(
            candidate: stream
                ? Answers.Stream(Answers.RoleChunk, Answers.TextChunk("I can"), Answers.Finish("content_filter"), Answers.UsageChunk, Answers.Done)
                : Answers.Status(200, Answers.WholeBody("I can").Replace("stop", "content_filter", StringComparison.Ordinal)),
            weight: 100);

        var reply = await bed.ChatAsync(GatewayBed.Body(stream));

        Assert.Equal("I can", reply.Text);
        Assert.Equal((1, 0), (await bed.CountAsync("candidate", "blocked"), await bed.CountAsync("candidate", "errors")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_the_guardrail_took_all_of_it_stable_answers(bool stream)
    {
        await using var bed = await GatewayBed.StartAsync(
            candidate: stream ? Answers.Stream(Answers.RoleChunk, Answers.Finish("content_filter"), Answers.Done) : Answers.Status(200, Answers.WholeBody("").Replace("stop", "content_filter", StringComparison.Ordinal)),
            weight: 100);

        var reply = await bed.ChatAsync(GatewayBed.Body(stream));

        Assert.Equal("r-stable", reply.Release);
        Assert.Equal((1, 0), (await bed.CountAsync("candidate", "blocked"), await bed.CountAsync("candidate", "errors")));
    }

    [Fact]
    public async Task A_client_that_leaves_before_anything_came_counts_for_nothing()
    {
        var hungUp = new TaskCompletionSource();
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(hungUp), weight: 100);
        using var client = new CancellationTokenSource();
        var call = bed.ChatAsync(ct: client.Token);
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the request");

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await hungUp.Task.WaitAsync(Soon);
        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("code=\"499\"", StringComparison.Ordinal), Soon, () => "the request ended");
        Assert.Equal((1, 0, 0, 0), (
            await bed.CountAsync("candidate", "requests"), await bed.CountAsync("candidate", "errors"),
            await bed.CountAsync("candidate", "blocked"), await bed.CountAsync("candidate", "unauthorized")));
    }

    [Fact]
    public async Task Stable_that_hangs_longer_than_a_candidate_may_is_an_error_of_stable_and_goes_on()
    {
        var time = new ManualTime();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(
            stable: async context =>
            {
                await go.Task;
                await Answers.Right("late")(context);
            },
            weight: 50, time: time);
        var call = bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Stable, 50).First());
        await Eventually.TrueAsync(() => bed.Stable.Requests == 1, Soon, "stable has the request");
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, await bed.CountAsync("stable", "errors"));

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await bed.CountAsync("stable", "errors"));
        go.SetResult();

        Assert.Equal("late!", (await call.WaitAsync(Soon)).Text);
        Assert.Equal(1, await bed.CountAsync("stable", "errors"));
    }

    [Fact]
    public async Task Slow_tokens_are_measured_from_the_first_to_the_last()
    {
        const string Usage = """data: {"id":"1","choices":[],"usage":{"prompt_tokens":7,"total_tokens":28,"completion_tokens":21}}""" + "\n\n";
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Stream(Answers.RoleChunk, Answers.TextChunk("quick"), Answers.TextChunk("ly"), Answers.FinishChunk, Usage, Answers.Done), time: time);
        for (var i = 0; i < Thresholds.KnownAnswers; i++)
            await bed.ChatAsync();
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.Candidate.Answer = async context =>
        {
            await Answers.Stream(Answers.RoleChunk, Answers.TextChunk("slow"))(context);
            await first.Task;
            await Answers.Stream(Answers.TextChunk("ly"), Answers.FinishChunk, Usage, Answers.Done)(context);
        };
        bed.Weigh(100, epoch: 2);

        using (var response = await bed.SendAsync())
        {
            await using var stream = await response.Content.ReadAsStreamAsync();
            using var reader = new StreamReader(stream);
            await reader.ReadLineAsync();
            time.Advance(TimeSpan.FromSeconds(4));
            first.SetResult();
            await reader.ReadToEndAsync();
        }

        // 4 s for the twenty tokens after the first; stable took no time at all.
        var candidate = (await bed.EpochsAsync())[0].GetProperty("candidate");
        Assert.Equal("[1,1,1,1,1]", candidate.GetProperty("slowTimePerOutputToken").ToString());
        Assert.Equal("[0,0,0]", candidate.GetProperty("longOutput").ToString());
        Assert.Equal("[]", candidate.GetProperty("costly").ToString());
        Assert.Matches("""llmops_gateway_time_per_output_token_seconds_sum\{[^}]*release="r-candidate"[^}]*\} 0\.2\n""", await bed.AdminAsync("/metrics"));
    }

    [Fact]
    public async Task Prices_make_the_cost_signal_and_metric_and_change_at_once()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Weigh(0, pricing: new PricingSpec { InputPerMillion = 1_000_000, OutputPerMillion = 2_000_000, Currency = "EUR" });
        for (var i = 0; i < Thresholds.KnownAnswers; i++)
            await bed.ChatAsync(GatewayBed.Body(stream: false));
        bed.Weigh(100, epoch: 2, pricing: new PricingSpec { InputPerMillion = 500_000, OutputPerMillion = 1_000_000 });

        await bed.ChatAsync();

        // Stable's answers have 7 + 2 tokens, the candidate's 7 + 5.
        Assert.Equal("[1,1,1]", (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("costly").ToString());
        var metrics = await bed.AdminAsync("/metrics");
        Assert.Matches("""llmops_gateway_cost_total\{currency="EUR"[^}]*\} 550\n""", metrics);
        Assert.Matches("""llmops_gateway_cost_total\{currency="USD"[^}]*release="r-candidate"[^}]*\} 8\.5\n""", metrics);
    }

    [Fact]
    public async Task A_request_that_waits_longer_than_a_limit_of_the_spec_counts_at_once()
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(), time: time);
        var deployment = Cluster.Deployment(stable: Cluster.Release("r-stable", "stable", 0), candidate: Cluster.Release("r-candidate", "candidate", 100));
        LimitSpec[] limits = [new() { Metric = "errors", Max = "2%" }, new() { Metric = "ttft", Quantile = 95, Max = "2s" }, new() { Metric = "timePerOutputToken", Quantile = 95, Max = "80ms" }];
        bed.Gateway.Routes.Apply(null, deployment with { Spec = deployment.Spec with { Rollout = new RolloutSpec { Analysis = new AnalysisSpec { WarmUpRequests = 0, Limits = limits } } } });
        var call = bed.ChatAsync();
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the request");
        Assert.Equal("""[{"key":"ttft:2","over":0,"of":0},{"key":"timePerOutputToken:0.08","over":0,"of":0}]""", await OverAsync());

        time.Advance(TimeSpan.FromSeconds(2.1));
        Assert.Equal("""[{"key":"ttft:2","over":1,"of":1},{"key":"timePerOutputToken:0.08","over":0,"of":0}]""", await OverAsync());
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("stable!", (await call.WaitAsync(Soon)).Text);

        async Task<string> OverAsync() => (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("overLimit").ToString();
    }

    [Fact]
    public async Task Two_quantiles_of_one_latency_with_the_same_limit_count_a_request_once()
    {
        await using var bed = await GatewayBed.StartAsync();
        var deployment = Cluster.Deployment(stable: Cluster.Release("r-stable", "stable", 0), candidate: Cluster.Release("r-candidate", "candidate", 100));
        LimitSpec[] limits = [new() { Metric = "ttft", Quantile = 95, Max = "2h" }, new() { Metric = "ttft", Quantile = 50, Max = "120m" }];
        bed.Gateway.Routes.Apply(null, deployment with { Spec = deployment.Spec with { Rollout = new RolloutSpec { Analysis = new AnalysisSpec { WarmUpRequests = 0, Limits = limits } } } });

        await bed.ChatAsync();

        Assert.Equal("""[{"key":"ttft:7200","over":0,"of":1}]""", (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("overLimit").ToString());
    }

    [Fact]
    public async Task The_first_requests_of_a_pod_are_left_out_of_latencies_in_both_tracks()
    {
        var time = new ManualTime();
        var delay = TimeSpan.FromSeconds(1);
        Func<Microsoft.AspNetCore.Http.HttpContext, Task> slow = async context =>
        {
            time.Advance(delay);
            await Answers.Right("x")(context);
        };
        await using var bed = await GatewayBed.StartAsync(stable: slow, candidate: slow, time: time);
        bed.Weigh(0, warmUpRequests: 10);
        for (var i = 0; i < 10; i++)
            await bed.ChatAsync();
        delay = TimeSpan.FromMilliseconds(100);
        for (var i = 0; i < Thresholds.KnownAnswers; i++)
            await bed.ChatAsync();

        // Stable's p99 is not the second of its first requests.
        bed.Weigh(50, epoch: 2, warmUpRequests: 10);
        Assert.InRange((await bed.EpochsAsync())[0].GetProperty("ttftThresholdsSeconds")[4].GetDouble(), 0.1, 0.106);

        delay = TimeSpan.FromSeconds(1);
        var sessions = GatewayBed.Sessions(Tracks.Candidate, 50).Take(11).ToArray();
        foreach (var session in sessions[..10])
            await bed.ChatAsync(session: session);
        Assert.Equal("[0,0,0,0,0]", await SlowAsync());
        await bed.ChatAsync(session: sessions[10]);
        Assert.Equal("[1,1,1,1,1]", await SlowAsync());

        async Task<string> SlowAsync() => (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("slowTtft").ToString();
    }
}
