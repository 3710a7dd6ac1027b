using System.Net;
using System.Text.Json.Nodes;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Tests;

public sealed class FailureTests
{
    [Fact]
    public async Task Rate5xx_answers_500_before_any_byte()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { Rate5xx = 1 });
        using var client = new EngineClient(server.Address);
        var (status, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"));
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Equal("InternalServerError", (string)body!["error"]!["type"]!);
        Assert.Equal(1, server.Stats.InjectedFailures["serverError"]);
        Assert.NotNull(server.Stats.FirstInjectedFailureAt);
    }

    [Fact]
    public async Task Refuse_resets_the_connection()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { RefuseRate = 1 });
        using var client = new EngineClient(server.Address);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("/v1/chat/completions", EngineClient.Chat("x")));
        Assert.Equal(1, server.Stats.Outcomes["refused"]);
    }

    [Fact]
    public async Task A_broken_stream_ends_in_the_middle_without_done()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { BrokenStreamRate = 1 });
        using var client = new EngineClient(server.Address);
        var body = EngineClient.Chat("one two three four");
        body["stream"] = true;
        var events = new List<string>();
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await foreach (var data in client.StreamAsync("/v1/chat/completions", body))
                events.Add(data);
        });
        Assert.True(events.Count > 1, "some tokens came");
        Assert.DoesNotContain("[DONE]", events);
        Assert.Equal(1, server.Stats.Outcomes["broken"]);
    }

    [Fact]
    public async Task A_broken_answer_that_is_not_streamed_is_shorter_than_announced()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { BrokenStreamRate = 1 });
        using var client = new EngineClient(server.Address);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.PostAsync("/v1/chat/completions", EngineClient.Chat("x")));
    }

    [Fact]
    public async Task Error_finish_ends_with_finish_reason_error()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { ErrorFinishRate = 1 });
        using var client = new EngineClient(server.Address);
        var events = await client.StreamedChatAsync("x");
        Assert.Equal("error", (string)JsonNode.Parse(events[^2])!["choices"]![0]!["finish_reason"]!);
        var (_, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"));
        Assert.Equal("error", (string)body!["choices"]![0]!["finish_reason"]!);
    }

    [Fact]
    public async Task Error_event_is_an_error_in_the_stream_and_a_500_without()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { ErrorEventRate = 1 });
        using var client = new EngineClient(server.Address);
        var events = await client.StreamedChatAsync("x");
        Assert.Equal(500, (int)JsonNode.Parse(events[^2])!["error"]!["code"]!);
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"))).Status);
    }

    [Fact]
    public async Task Empty_gives_no_token_and_finish_reason_stop()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { EmptyRate = 1 });
        using var client = new EngineClient(server.Address);
        var (status, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("", (string)body!["choices"]![0]!["message"]!["content"]!);
        Assert.Equal(0, (int)body["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task A_stall_delays_the_first_token_by_the_given_time()
    {
        var time = new ManualTime();
        await using var server = await Emulators.StartAsync(
            Emulators.Profile() with { Failures = new FailureProfile { StallRate = 1, StallSeconds = 20 } },
            with: options => options with { TimeProvider = time });
        using var client = new EngineClient(server.Address);
        var answer = client.StreamedChatAsync("x");
        await Emulators.EventuallyAsync(() => time.Pending == 1, "the stall waits");
        time.Advance(TimeSpan.FromSeconds(19.9));
        Assert.Equal(1, server.Stats.Running);
        Assert.False(answer.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("[DONE]", (await answer)[^1]);
        Assert.Equal(20, PrometheusText.Value(await client.TextAsync("/metrics"), "vllm:time_to_first_token_seconds_sum"), 3);
    }

    [Fact]
    public async Task Lying_health_says_200_while_every_generation_fails()
    {
        var time = new ManualTime();
        await using var server = await Emulators.StartAsync(
            Emulators.Profile() with { Health = new HealthProfile { LiesAfterSeconds = 60 } }, with: options => options with { TimeProvider = time });
        using var client = new EngineClient(server.Address);
        server.Behaviour.Update(settings => settings with { TtftMultiplier = 0 });
        await client.AskAsync("x");
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task A_dead_engine_fails_health_too()
    {
        await using var server = await Emulators.StartAsync();
        server.Behaviour.Update(settings => settings with { EngineDead = true });
        using var client = new EngineClient(server.Address);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public void Shares_are_kept_and_the_first_requests_are_spared()
    {
        var failures = new FailureProfile { Rate5xx = 0.1, StallRate = 0.2, EmptyRate = 0.3, StartAfterRequests = 10 };
        var kinds = Enumerable.Range(0, 1000).Select(i => failures.Pick(i / 1000.0, 11)).CountBy(kind => kind).ToDictionary();
        Assert.InRange(kinds[FailureKind.ServerError], 99, 101);
        Assert.InRange(kinds[FailureKind.Stall], 199, 201);
        Assert.InRange(kinds[FailureKind.Empty], 299, 301);
        Assert.Equal(FailureKind.None, failures.Pick(0, 10));
    }
}
