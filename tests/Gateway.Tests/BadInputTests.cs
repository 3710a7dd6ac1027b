using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;

namespace LlmOps.Gateway.Tests;

public sealed class BadInputTests
{
    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"bot\"")]
    [InlineData("{\"model\":\"bot\"")]
    [InlineData("{\"model\":\"bot\",}")]
    [InlineData("{\"model\":\"bot\"} {}")]
    [InlineData("{\"model\":\"\\ud800\"}")]
    public async Task Broken_json_is_a_400_that_says_so(string body)
    {
        await using var bed = await GatewayBed.StartAsync();

        var reply = await bed.ChatAsync(body);

        Assert.Equal(400, reply.Status);
        Assert.Equal("invalid_json", reply.Error.GetProperty("code").GetString());
        Assert.Equal("invalid_request_error", reply.Error.GetProperty("type").GetString());
        Assert.Equal(0, bed.Stable.Requests);
    }

    [Fact]
    public async Task Json_that_is_too_deep_is_a_400()
    {
        await using var bed = await GatewayBed.StartAsync();
        var deep = string.Concat(Enumerable.Repeat("[", 500)) + string.Concat(Enumerable.Repeat("]", 500));

        Assert.Equal(400, (await bed.ChatAsync($$"""{"model":"bot","x":{{deep}}}""")).Status);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", "model", "missing_model")]
    [InlineData("""{"model":7,"messages":[]}""", "model", "invalid_value")]
    [InlineData("""{"model":"bot","messages":"hi"}""", "messages", "invalid_value")]
    [InlineData("""{"model":"bot","messages":null}""", "messages", "missing_messages")]
    [InlineData("""{"model":"bot"}""", "messages", "missing_messages")]
    [InlineData("""{"model":"bot","messages":[],"stream":"yes"}""", "stream", "invalid_value")]
    [InlineData("""{"model":"bot","messages":[],"stream":true,"stream_options":1}""", "stream_options", "invalid_value")]
    public async Task A_wrong_field_is_a_400_that_names_it(string body, string param, string code)
    {
        await using var bed = await GatewayBed.StartAsync();

        var reply = await bed.ChatAsync(body);

        Assert.Equal(400, reply.Status);
        Assert.Equal(param, reply.Error.GetProperty("param").GetString());
        Assert.Equal(code, reply.Error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("r\r\nX-Injected: 1")]
    [InlineData("\u202e🦙")]
    [InlineData("\0")]
    public async Task A_release_by_a_name_that_no_header_can_have_answers_without_that_header(string release)
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Deployment(stable: Cluster.Release(release, "stable", 100)));

        var reply = await bed.ChatAsync();

        Assert.Equal((200, "stable!", Tracks.Stable), (reply.Status, reply.Text, reply.Track));
        Assert.DoesNotContain(reply.HeaderNames, name => name is GatewayHeaders.Release or "X-Injected");
    }

    [Fact]
    public async Task An_unknown_model_is_a_404_that_says_what_to_do()
    {
        await using var bed = await GatewayBed.StartAsync();

        var reply = await bed.ChatAsync(GatewayBed.Body(model: "gpt-5"));

        Assert.Equal(404, reply.Status);
        Assert.Equal("model_not_found", reply.Error.GetProperty("code").GetString());
        Assert.Contains("gpt-5", reply.Error.GetProperty("message").GetString());
        Assert.Contains("/v1/models", reply.Error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_body_over_the_limit_is_a_413_with_and_without_a_length()
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxBodyBytes = 1000 });
        var large = GatewayBed.Body(extra: $",\"x\":\"{new string('x', 2000)}\"");

        var reply = await bed.ChatAsync(large);
        Assert.Equal(413, reply.Status);
        Assert.Contains("1000 bytes", reply.Error.GetProperty("message").GetString());

        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(bed.Gateway.ClientAddress, "/v1/chat/completions"));
        request.Content = new StringContent(large);
        request.Headers.TransferEncodingChunked = true;
        using var response = await http.SendAsync(request);
        Assert.Equal(413, (int)response.StatusCode);
        Assert.Equal(0, bed.Stable.Requests);
        Assert.Equal(200, (await bed.ChatAsync()).Status);
    }

    [Fact]
    public async Task Bad_variables_are_a_400_that_names_the_variable_and_not_its_value()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Prompt(
            "p1",
            [new PromptMessage { Role = "user", Template = "{{query}} {{count}}" }],
            new Dictionary<string, PromptVariable>
            {
                ["query"] = new() { Required = true, MaxLength = 10 },
                ["count"] = new() { Type = "integer" },
            }));
        bed.Weigh(0, stablePrompt: "p1");

        foreach (var (variables, name, code) in new[]
        {
            ("{}", "query", "missing_variable"),
            ("""{"query":null}""", "query", "missing_variable"),
            ("""{"query":"secret-secret"}""", "query", "variable_too_long"),
            ("""{"query":"a","other":"secret"}""", "other", "unknown_variable"),
            ("""{"query":"a","count":"secret"}""", "count", "invalid_variable"),
            ("""{"query":["secret"]}""", "query", "invalid_variable"),
        })
        {
            var reply = await bed.ChatAsync($$$"""{"model":"bot","prompt":{"variables":{{{variables}}}}}""");
            Assert.Equal(400, reply.Status);
            Assert.Equal(code, reply.Error.GetProperty("code").GetString());
            Assert.Equal($"prompt.variables.{name}", reply.Error.GetProperty("param").GetString());
            Assert.Contains($"'{name}'", reply.Error.GetProperty("message").GetString());
            Assert.DoesNotContain("secret", reply.Body);
        }

        Assert.Equal(0, bed.Stable.Requests);
    }

    [Fact]
    public async Task No_ready_endpoint_is_a_503_with_retry_after()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(Cluster.Slice("stable", bed.Stable.Address), (LlmOps.Kubernetes.EndpointSlice?)null);

        var reply = await bed.ChatAsync();

        Assert.Equal(503, reply.Status);
        Assert.NotNull(reply.RetryAfter);
        Assert.Equal("no_ready_endpoint", reply.Error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_deployment_that_has_no_release_yet_is_a_503()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Deployment(name: "new", rollout: null));

        Assert.Equal(503, (await bed.ChatAsync(GatewayBed.Body(model: "new"))).Status);
    }

    [Fact]
    public async Task An_engine_that_cannot_be_reached_is_a_502()
    {
        await using var bed = await GatewayBed.StartAsync();
        await bed.Stable.DisposeAsync();

        var reply = await bed.ChatAsync();

        Assert.Equal(502, reply.Status);
        Assert.Equal("engine_unreachable", reply.Error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_unknown_path_and_a_wrong_method_have_the_same_shape()
    {
        await using var bed = await GatewayBed.StartAsync();

        Assert.Equal(404, (await bed.ChatAsync(path: "/v1/embeddings")).Status);
        using var get = await bed.GetAsync("/v1/chat/completions");
        Assert.Equal(405, (int)get.StatusCode);
        Assert.Contains("\"error\"", await get.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task More_requests_than_allowed_are_a_503()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Silence(), options: new GatewayOptions { MaxConcurrentRequests = 1 });
        using var client = new CancellationTokenSource();
        var first = bed.SendAsync(ct: client.Token);
        await Testing.Eventually.TrueAsync(() => bed.Stable.Requests == 1, TimeSpan.FromSeconds(60), "the first request is in");

        var second = await bed.ChatAsync();

        Assert.Equal(503, second.Status);
        Assert.Equal("gateway_overloaded", second.Error.GetProperty("code").GetString());
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }
}
