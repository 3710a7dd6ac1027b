using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Gateway.Tests.Forwarding;

public sealed class FallbackTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    /// <summary>Ways of a candidate to fail before its first byte of content.</summary>
    public static TheoryData<string, bool> Failures()
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in new[] { "refuses", "500", "503", "429", "breaks at once", "breaks whole", "empty", "error", "not json", "no end" })
        {
            data.Add(name, true);
            if (name is not ("breaks at once" or "no end"))
                data.Add(name, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Stable_answers_and_the_candidate_has_the_error(string failure, bool stream)
    {
        await using var bed = await GatewayBed.StartAsync(candidate: Failing(failure, stream), weight: 100);

        var reply = await bed.ChatAsync(GatewayBed.Body(stream));

        Assert.Equal(200, reply.Status);
        Assert.Equal(stream ? "stable!" : "stable", reply.Text);
        Assert.Equal("r-stable", reply.Release);
        Assert.Equal(Tracks.Stable, reply.Track);
        var epoch = (await bed.EpochsAsync())[0];
        Assert.Equal(1, epoch.GetProperty("candidate").GetProperty("requests").GetInt64());
        Assert.Equal(1, epoch.GetProperty("candidate").GetProperty("errors").GetInt64());
        Assert.Equal(0, epoch.GetProperty("stable").GetProperty("requests").GetInt64());
        Assert.Equal(0, epoch.GetProperty("stable").GetProperty("errors").GetInt64());
        Assert.Contains("llmops_gateway_fallbacks_total{", await bed.AdminAsync("/metrics"));
    }

    [Fact]
    public async Task A_candidate_that_is_gone_costs_nothing()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 100);
        await bed.Candidate.DisposeAsync();

        for (var i = 0; i < 5; i++)
            Assert.Equal("stable!", (await bed.ChatAsync()).Text);

        Assert.Equal(5, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task A_candidate_without_endpoints_costs_nothing()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 100);
        bed.Gateway.Routes.Apply(Cluster.Slice("candidate", bed.Candidate.Address), (LlmOps.Kubernetes.EndpointSlice?)null);

        Assert.Equal("stable!", (await bed.ChatAsync()).Text);

        Assert.Equal(1, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
        Assert.Contains("reason=\"no_endpoint\"", await bed.AdminAsync("/metrics"));
    }

    [Fact]
    public async Task A_candidate_that_refuses_a_request_that_stable_takes_costs_nothing_and_is_no_error()
    {
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Status(400), weight: 100);

        Assert.Equal("stable!", (await bed.ChatAsync()).Text);

        Assert.Equal(0, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task A_candidate_that_stalls_is_given_up_after_four_times_stables_p99_and_counts_as_error()
    {
        var time = new ManualTime();
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(hungUp), weight: 50, time: time);
        var stableSession = GatewayBed.Sessions(Tracks.Stable, 50).First();
        for (var i = 0; i < 60; i++)
            await bed.ChatAsync(session: stableSession);

        var call = bed.ChatAsync(session: GatewayBed.Sessions(Tracks.Candidate, 50).First());
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the request");
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(hungUp.Task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        var reply = await call.WaitAsync(Soon);
        Assert.Equal("stable!", reply.Text);
        await hungUp.Task.WaitAsync(Soon);
        Assert.Equal(1, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
        Assert.Contains("reason=\"timeout\"", await bed.AdminAsync("/metrics"));
    }

    [Fact]
    public async Task Another_endpoint_of_the_same_release_is_tried_first()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Status(503));
        await using var second = await FakeEngine.StartAsync(Answers.Right("second"));
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", second.Address));

        for (var i = 0; i < 10; i++)
            Assert.Equal("second!", (await bed.ChatAsync()).Text);

        // Of ten requests that find both idle, all going to one is unlikely (2^-10); then there is nothing to retry.
        if (bed.Stable.Requests > 0)
            Assert.Contains("llmops_gateway_retries_total{", await bed.AdminAsync("/metrics"));
    }

    [Fact]
    public async Task An_endpoint_that_refuses_connections_is_left_alone_for_a_while()
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(time: time);
        await using var second = await FakeEngine.StartAsync(Answers.Right("second"));
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", second.Address));
        await bed.Stable.DisposeAsync();

        for (var i = 0; i < 30; i++)
            Assert.Equal("second!", (await bed.ChatAsync()).Text);

        var metrics = await bed.AdminAsync("/metrics");
        var retries = metrics.Split('\n').Where(l => l.StartsWith("llmops_gateway_retries_total{", StringComparison.Ordinal)).Sum(l => double.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(retries, 0, 1);
    }

    [Fact]
    public async Task Stables_only_endpoint_is_asked_once_more_when_it_hangs_up_without_an_answer()
    {
        var calls = 0;
        await using var bed = await GatewayBed.StartAsync(
            stable: context => Interlocked.Increment(ref calls) == 1 ? Answers.Refuse(context) : Answers.Right("stable")(context));

        Assert.Equal("stable!", (await bed.ChatAsync()).Text);

        bed.Stable.Answer = Answers.Refuse;
        Assert.Equal(502, (await bed.ChatAsync()).Status);
    }

    [Fact]
    public async Task An_error_of_stable_passes_as_it_is()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Status(429, """{"error":{"message":"full","type":"overloaded","param":null,"code":"429"}}""", retryAfter: "7"));

        var reply = await bed.ChatAsync();

        Assert.Equal(429, reply.Status);
        Assert.Equal("7", reply.RetryAfter);
        Assert.Equal("full", reply.Error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task When_both_fail_the_client_gets_stables_answer()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Status(503, """{"error":{"message":"stable is full"}}"""), candidate: Answers.Status(500), weight: 100);

        var reply = await bed.ChatAsync();

        Assert.Equal(503, reply.Status);
        Assert.Equal("stable is full", reply.Error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_stream_that_breaks_after_its_first_byte_ends_in_an_error_and_not_as_complete()
    {
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.BrokenStream(Answers.RoleChunk, Answers.TextChunk("half")), weight: 100);

        using var response = await bed.SendAsync();
        var read = new MemoryStream();
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.CopyToAsync(read));

        var text = System.Text.Encoding.UTF8.GetString(read.ToArray());
        Assert.Contains("half", text);
        Assert.Contains("\"code\":\"engine_broke_off\"", text);
        Assert.DoesNotContain("[DONE]", text);
        Assert.Equal(0, bed.Stable.Requests);
        await Eventually.TrueAsync(async _ => (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64() == 1, Soon, () => "the error is counted");
    }

    [Fact]
    public async Task An_error_event_in_the_middle_passes_and_counts()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(
            candidate: async context =>
            {
                await Answers.Stream(Answers.RoleChunk, Answers.TextChunk("half"))(context);
                await go.Task;
                await Answers.Stream("data: {\"error\":{\"message\":\"boom\"}}\n\n", Answers.Done)(context);
            },
            weight: 100);

        // Headers are there, so the first content is on its way and nobody else can answer any more.
        using var response = await bed.SendAsync();
        go.SetResult();

        Assert.Contains("boom", await response.Content.ReadAsStringAsync());
        await Eventually.TrueAsync(async _ => (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64() == 1, Soon, () => "the error is counted");
    }

    [Fact]
    public async Task A_retry_budget_bounds_what_an_outage_costs()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Status(503), options: new GatewayOptions { RetryRatio = 0 });
        await using var second = await FakeEngine.StartAsync(Answers.Status(503));
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", second.Address));

        for (var i = 0; i < 50; i++)
            Assert.Equal(503, (await bed.ChatAsync(GatewayBed.Body(stream: false))).Status);

        Assert.Equal(50 + 20, bed.Stable.Requests + second.Requests);
    }

    [Fact]
    public async Task Content_and_error_in_one_piece_are_answered_by_stable()
    {
        await using var bed = await GatewayBed.StartAsync(
            candidate: Answers.Stream(Answers.RoleChunk + Answers.TextChunk("half") + "data: {\"error\":{\"message\":\"boom\"}}\n\n" + Answers.Done), weight: 100);

        Assert.Equal("stable!", (await bed.ChatAsync()).Text);
    }

    private static Func<HttpContext, Task> Failing(string how, bool stream) => how switch
    {
        "refuses" => Answers.Refuse,
        "500" => Answers.Status(500),
        "503" => Answers.Status(503, retryAfter: "3"),
        "429" => Answers.Status(429),
        "breaks at once" => Answers.BrokenStream(Answers.RoleChunk),
        "breaks whole" => async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 500;
            await context.Response.WriteAsync("{\"choices\":[");
            await context.Response.Body.FlushAsync();
            context.Abort();
        }
        ,
        "empty" => stream
            ? Answers.Stream(Answers.RoleChunk, Answers.FinishChunk, Answers.UsageChunk, Answers.Done)
            : Answers.Whole(""),
        "error" => stream
            ? Answers.Stream(Answers.RoleChunk, "data: {\"error\":{\"message\":\"boom\"}}\n\n", Answers.Done)
            : Answers.Status(200, "{\"error\":{\"message\":\"boom\"}}"),
        "not json" => Answers.Status(200, "<html>"),
        "no end" => Answers.Stream(Answers.RoleChunk),
        _ => throw new ArgumentOutOfRangeException(nameof(how)),
    };
}
