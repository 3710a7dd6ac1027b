using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Tests;

public sealed class VllmMetricsTests
{
    private static readonly string[] TtftBounds =
    [
        "0.001", "0.005", "0.01", "0.02", "0.04", "0.06", "0.08", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0", "7.5", "10.0",
        "20.0", "40.0", "80.0", "160.0", "640.0", "2560.0", "+Inf",
    ];

    [Fact]
    public async Task Names_types_and_labels_are_those_of_vllm_v1()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        await client.AskAsync("one");
        var families = PrometheusText.Families(await client.TextAsync("/metrics"));
        Assert.Equal(await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Golden", "vllm-metrics.txt")), families);
    }

    [Fact]
    public async Task Bucket_bounds_of_ttft_are_those_of_vllm()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var bounds = PrometheusText.Samples(await client.TextAsync("/metrics"))
            .Where(sample => sample.Name == "vllm:time_to_first_token_seconds_bucket").Select(sample => sample.Labels["le"]);
        Assert.Equal(TtftBounds, bounds);
    }

    [Fact]
    public async Task Counters_follow_the_requests()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        await client.AskAsync("what is this");
        var cut = EngineClient.Chat("what is this");
        cut["max_tokens"] = 3;
        await client.PostAsync("/v1/chat/completions", cut);
        await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x", model: "other"));
        var text = await client.TextAsync("/metrics");
        Assert.Equal(6, PrometheusText.Value(text, "vllm:prompt_tokens_total", ("model_name", "m"), ("engine", "0")));
        Assert.Equal(1, PrometheusText.Value(text, "vllm:request_success_total", ("finished_reason", "stop")));
        Assert.Equal(1, PrometheusText.Value(text, "vllm:request_success_total", ("finished_reason", "length")));
        Assert.Equal(0, PrometheusText.Value(text, "vllm:request_success_total", ("finished_reason", "abort")));
        Assert.Equal(2, PrometheusText.Value(text, "vllm:time_to_first_token_seconds_count"));
        var generated = PrometheusText.Value(text, "vllm:generation_tokens_total");
        Assert.Equal(generated - 2, PrometheusText.Value(text, "vllm:inter_token_latency_seconds_count"));
        Assert.Equal(generated, PrometheusText.Value(text, "vllm:request_generation_tokens_sum"));
        Assert.Equal(2, PrometheusText.Value(text, "http_requests_total", ("handler", "/v1/chat/completions"), ("status", "2xx")));
        Assert.Equal(1, PrometheusText.Value(text, "http_requests_total", ("handler", "/v1/chat/completions"), ("status", "4xx")));
    }

    [Fact]
    public async Task Health_metrics_and_admin_calls_are_not_counted_as_requests()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        await client.TextAsync("/health");
        await client.TextAsync("/admin/stats");
        Assert.DoesNotContain(PrometheusText.Samples(await client.TextAsync("/metrics")), sample => sample.Name == "http_requests_total");
    }

    [Fact]
    public async Task Injected_errors_are_counted_as_5xx_and_as_finished_reason_error()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { Rate5xx = 1 });
        using var client = new EngineClient(server.Address);
        await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"));
        server.Behaviour.Update(settings => settings with { Failures = new FailureProfile { ErrorFinishRate = 1 } });
        await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"));
        var text = await client.TextAsync("/metrics");
        Assert.Equal(1, PrometheusText.Value(text, "http_requests_total", ("status", "5xx")));
        Assert.Equal(1, PrometheusText.Value(text, "vllm:request_success_total", ("finished_reason", "error")));
    }

    [Fact]
    public async Task A_client_that_leaves_is_counted_as_abort()
    {
        await using var server = await Emulators.StartAsync(Emulators.Profile(tpotMs: 60_000));
        using var http = new HttpClient { BaseAddress = server.Address };
        var body = EngineClient.Chat("one two three");
        body["stream"] = true;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body.ToJsonString()) };
        using (var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            await Emulators.EventuallyAsync(() => server.Stats.Running == 1, "request runs");
        }

        await Emulators.EventuallyAsync(() => server.Stats.Outcomes.GetValueOrDefault("abort") == 1, "abort counted");
        using var client = new EngineClient(server.Address);
        var text = await client.TextAsync("/metrics");
        Assert.Equal(1, PrometheusText.Value(text, "vllm:request_success_total", ("finished_reason", "abort")));
        Assert.Equal(0, PrometheusText.Value(text, "vllm:num_requests_running"));
    }

    [Fact]
    public async Task A_full_batch_lets_requests_wait()
    {
        await using var server = await Emulators.StartAsync(
            Emulators.Profile(ttftMs: 60_000) with { MaxConcurrent = 2 }, with: options => options with { MaxNumSeqs = 8 });
        using var client = new EngineClient(server.Address);
        var requests = Enumerable.Range(0, 3).Select(_ => client.StreamedChatAsync("x")).ToArray();
        await Emulators.EventuallyAsync(() => server.Stats is { Running: 2, Waiting: 1 }, "two run, one waits");
        var text = await client.TextAsync("/metrics");
        Assert.Equal(2, PrometheusText.Value(text, "vllm:num_requests_running"));
        Assert.Equal(1, PrometheusText.Value(text, "vllm:num_requests_waiting"));
        Assert.Equal(1, PrometheusText.Value(text, "vllm:kv_cache_usage_perc"));
        await server.StopAsync();
        foreach (var request in requests)
            await Assert.ThrowsAnyAsync<Exception>(() => request);
        Assert.Equal(3, server.Stats.Outcomes["abort"]);
    }
}
