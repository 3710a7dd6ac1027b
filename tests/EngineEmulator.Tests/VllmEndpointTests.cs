using System.Net;
using System.Text.Json.Nodes;

namespace LlmOps.EngineEmulator.Tests;

public sealed class VllmEndpointTests
{
    [Fact]
    public async Task Health_ping_and_version_answer()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        Assert.Equal("", await client.TextAsync("/health"));
        Assert.Equal("", await client.TextAsync("/ping"));
        Assert.Matches("""^\{"version":"\d+\.\d+\.\d+"\}$""", await client.TextAsync("/version"));
    }

    [Fact]
    public async Task Models_lists_every_served_name()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var models = JsonNode.Parse(await client.TextAsync("/v1/models"))!;
        Assert.Equal(["m", "alias"], models["data"]!.AsArray().Select(model => (string)model!["id"]!));
        Assert.Equal("acme/m", (string)models["data"]![0]!["root"]!);
    }

    [Fact]
    public async Task Chat_answers_with_consistent_usage()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var (status, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("what is this", "Be kind."));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("chat.completion", (string)body!["object"]!);
        Assert.Equal("stop", (string)body["choices"]![0]!["finish_reason"]!);
        var words = ((string)body["choices"]![0]!["message"]!["content"]!).Split(' ').Length;
        Assert.Equal(5, (int)body["usage"]!["prompt_tokens"]!);
        Assert.Equal(words, (int)body["usage"]!["completion_tokens"]!);
        Assert.Equal(5 + words, (int)body["usage"]!["total_tokens"]!);
    }

    [Fact]
    public async Task Stream_starts_with_the_role_has_one_chunk_a_token_and_ends_with_usage_and_done()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var whole = await client.AskAsync("what is this");
        var events = await client.StreamedChatAsync("what is this", usage: true);
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events[..^1].Select(data => JsonNode.Parse(data)!).ToList();
        Assert.Equal("""{"role":"assistant","content":""}""", chunks[0]["choices"]![0]!["delta"]!.ToJsonString());
        Assert.Equal(whole, string.Concat(chunks[1..^1].Select(chunk => (string)chunk["choices"]![0]!["delta"]!["content"]!)));
        Assert.Equal("stop", (string)chunks[^2]["choices"]![0]!["finish_reason"]!);
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(chunks.Count - 3, (int)chunks[^1]["usage"]!["completion_tokens"]!);
        Assert.Single(chunks.Select(chunk => (string)chunk["id"]!).Distinct());
    }

    [Fact]
    public async Task Stream_without_the_option_has_no_usage()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        Assert.DoesNotContain(await client.StreamedChatAsync("what is this"), data => data.Contains("usage", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Max_tokens_cuts_the_answer_with_finish_reason_length()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var request = EngineClient.Chat("what is this");
        request["max_tokens"] = 3;
        var (_, body) = await client.PostAsync("/v1/chat/completions", request);
        Assert.Equal("You asked: what", (string)body!["choices"]![0]!["message"]!["content"]!);
        Assert.Equal("length", (string)body["choices"]![0]!["finish_reason"]!);
        Assert.Equal(3, (int)body["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task Stop_cuts_the_answer_before_the_stop_text()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var request = EngineClient.Chat("what is this");
        request["stop"] = new JsonArray(" what");
        var (_, body) = await client.PostAsync("/v1/chat/completions", request);
        Assert.Equal("You asked:", (string)body!["choices"]![0]!["message"]!["content"]!);
    }

    [Fact]
    public async Task Content_may_be_a_list_of_parts()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var request = JsonNode.Parse("""{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"from parts"}]}]}""")!;
        var (_, body) = await client.PostAsync("/v1/chat/completions", request);
        Assert.Contains("from parts", (string)body!["choices"]![0]!["message"]!["content"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_completions_answer_and_stream()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var request = new JsonObject { ["model"] = "m", ["prompt"] = "what is this", ["max_tokens"] = 5 };
        var (_, body) = await client.PostAsync("/v1/completions", request);
        Assert.Equal("text_completion", (string)body!["object"]!);
        Assert.Equal("You asked: what is this.", (string)body["choices"]![0]!["text"]!);
        request["stream"] = true;
        var text = "";
        await foreach (var data in client.StreamAsync("/v1/completions", request))
            text += data == "[DONE]" ? "|" : (string)JsonNode.Parse(data)!["choices"]![0]!["text"]!;
        Assert.Equal("You asked: what is this.|", text);
    }

    [Fact]
    public async Task Unknown_model_is_a_404_in_vllms_shape()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        var (status, body) = await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x", model: "other"));
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal(
            """{"error":{"message":"The model `other` does not exist.","type":"NotFoundError","param":"model","code":404}}""",
            body!.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a b c"}],"max_tokens":30}""", "maximum context length is 32 tokens")]
    [InlineData("""{"model":"m"}""", "Field required")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"n":2}""", "n = 1")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":0}""", "at least 1")]
    public async Task A_request_that_cannot_be_run_is_a_400(string request, string message)
    {
        await using var server = await Emulators.StartAsync(with: options => options with { MaxModelLen = 32 });
        using var client = new EngineClient(server.Address);
        var (status, body) = await client.PostAsync("/v1/chat/completions", JsonNode.Parse(request)!);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, (string)body!["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal("BadRequestError", (string)body["error"]!["type"]!);
    }

    [Fact]
    public async Task Api_key_guards_v1_and_leaves_health_and_metrics_open()
    {
        await using var server = await Emulators.StartAsync(with: options => options with { ApiKey = "s3cret" });
        using var client = new EngineClient(server.Address);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/metrics")).StatusCode);
        using var http = new HttpClient { BaseAddress = server.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", "s3cret");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/v1/models", UriKind.Relative))).StatusCode);
    }
}
