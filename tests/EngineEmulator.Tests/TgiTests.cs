using System.Net;
using System.Text.Json.Nodes;
using LlmOps.EngineEmulator.Behaviour;

namespace LlmOps.EngineEmulator.Tests;

public sealed class TgiTests
{
    [Fact]
    public async Task Chat_accepts_any_model_name()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi);
        using var client = new EngineClient(server.Address);
        Assert.StartsWith("You asked: hello", await client.AskAsync("hello", model: "tgi"), StringComparison.Ordinal);
        Assert.StartsWith("You asked: hello", await client.AskAsync("hello", model: "whatever"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Api_key_guards_what_generates_and_leaves_health_info_and_metrics_open()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi, with: options => options with { ApiKey = "s3cret" });
        using var client = new EngineClient(server.Address);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync("/generate", JsonNode.Parse("""{"inputs":"hello"}""")!.AsObject())).Status);
        foreach (var path in new[] { "/health", "/info", "/metrics" })
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task Every_chunk_carries_the_role()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi);
        using var client = new EngineClient(server.Address);
        var events = await client.StreamedChatAsync("hello");
        Assert.Equal("[DONE]", events[^1]);
        Assert.All(events[..^1], data => Assert.Equal("assistant", (string)JsonNode.Parse(data)!["choices"]![0]!["delta"]!["role"]!));
    }

    [Fact]
    public async Task Generate_and_generate_stream_give_the_same_text()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi);
        using var client = new EngineClient(server.Address);
        var request = JsonNode.Parse("""{"inputs":"hello there","parameters":{"max_new_tokens":4,"details":true}}""")!.AsObject();
        var (_, body) = await client.PostAsync("/generate", request);
        Assert.Equal("You asked: hello there.", (string)body!["generated_text"]!);
        Assert.Equal("length", (string)body["details"]!["finish_reason"]!);
        var events = new List<JsonNode>();
        await foreach (var data in client.StreamAsync("/generate_stream", request))
            events.Add(JsonNode.Parse(data)!);
        Assert.Equal("You asked: hello there.", (string)events[^1]["generated_text"]!);
        Assert.Equal("You asked: hello there.", string.Concat(events[..^1].Select(data => (string)data["token"]!["text"]!)));
    }

    [Fact]
    public async Task Info_names_model_and_revision()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi, with: options => options with { Revision = "abc" });
        using var client = new EngineClient(server.Address);
        var info = JsonNode.Parse(await client.TextAsync("/info"))!;
        Assert.Equal("acme/m", (string)info["model_id"]!);
        Assert.Equal("abc", (string)info["model_sha"]!);
    }

    [Fact]
    public async Task Names_types_and_labels_are_those_of_tgi()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi);
        using var client = new EngineClient(server.Address);
        await client.AskAsync("one");
        await client.PostAsync("/generate", new JsonObject { ["inputs"] = "" });
        var families = PrometheusText.Families(await client.TextAsync("/metrics"));
        Assert.Equal(await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Golden", "tgi-metrics.txt")), families);
    }

    [Fact]
    public async Task Series_do_not_exist_before_their_first_use()
    {
        await using var server = await Emulators.StartAsync(engine: EngineKind.Tgi);
        using var client = new EngineClient(server.Address);
        Assert.DoesNotContain("tgi_request_success", await client.TextAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_requests_are_refused_with_429_and_make_health_fail()
    {
        await using var server = await Emulators.StartAsync(
            Emulators.Profile(ttftMs: 60_000), EngineKind.Tgi, options => options with { MaxConcurrentRequests = 1 });
        using var client = new EngineClient(server.Address);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
        var first = client.StreamedChatAsync("x");
        await Emulators.EventuallyAsync(() => server.Stats.Running == 1, "request runs");
        var (status, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("y"));
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Equal("""{"error":"Model is overloaded","error_type":"overloaded"}""", body!.ToJsonString());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health")).StatusCode);
        Assert.Equal(1, PrometheusText.Value(await client.TextAsync("/metrics"), "tgi_request_failure", ("err", "overloaded")));
        await server.StopAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => first);
    }

    [Fact]
    public async Task Errors_have_tgis_shape()
    {
        await using var server = await Emulators.FailingAsync(new FailureProfile { Rate5xx = 1 }, EngineKind.Tgi);
        using var client = new EngineClient(server.Address);
        var (status, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("y"));
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Equal("generation", (string)body!["error_type"]!);
        Assert.Equal(1, PrometheusText.Value(await client.TextAsync("/metrics"), "tgi_request_failure", ("err", "generation")));
    }
}
