using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Gateway.Tests.Forwarding;

public sealed class StreamingTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Each_chunk_arrives_before_the_next_is_made()
    {
        var next = new SemaphoreSlim(0);
        await using var bed = await GatewayBed.StartAsync(stable: async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Answers.RoleChunk);
            for (var i = 0; i < 3; i++)
            {
                await context.Response.WriteAsync(Answers.TextChunk($"t{i}"));
                await context.Response.Body.FlushAsync();
                await next.WaitAsync(context.RequestAborted);
            }

            await context.Response.WriteAsync(Answers.FinishChunk + Answers.Done);
        });

        using var response = await bed.SendAsync();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var i = 0; i < 3; i++)
        {
            // The engine makes no further chunk before this one was read here.
            string? line;
            do
                line = await reader.ReadLineAsync().WaitAsync(Soon);
            while (line is not null && !line.Contains($"t{i}", StringComparison.Ordinal));
            Assert.NotNull(line);
            next.Release();
        }

        Assert.EndsWith("data: [DONE]", (await reader.ReadToEndAsync()).TrimEnd());
    }

    [Fact]
    public async Task An_event_that_comes_in_pieces_arrives_whole()
    {
        var text = string.Concat(Answers.RoleChunk, Answers.TextChunk("one"), Answers.TextChunk("two"), Answers.FinishChunk, Answers.UsageChunk, Answers.Done);
        await using var bed = await GatewayBed.StartAsync(stable: async context =>
        {
            context.Response.ContentType = "text/event-stream";
            foreach (var piece in text.Chunk(7))
            {
                await context.Response.WriteAsync(new string(piece));
                await context.Response.Body.FlushAsync();
            }
        });

        var reply = await bed.ChatAsync();

        Assert.Equal("onetwo", reply.Text);
        Assert.Equal(text.Replace(Answers.UsageChunk, "", StringComparison.Ordinal), reply.Body);
    }

    [Theory]
    [InlineData("\r\n\r\n")]
    [InlineData("\n\n")]
    public async Task Both_kinds_of_line_ends_are_understood(string end)
    {
        var events = new[] { Answers.RoleChunk, Answers.TextChunk("one"), Answers.FinishChunk, Answers.UsageChunk, Answers.Done }
            .Select(e => e.Replace("\n\n", end, StringComparison.Ordinal)).ToArray();
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Stream(events));

        var reply = await bed.ChatAsync();

        Assert.DoesNotContain("completion_tokens", reply.Body);
        Assert.Equal(string.Concat(events.Where(e => !e.Contains("completion_tokens", StringComparison.Ordinal))), reply.Body);
    }

    [Fact]
    public async Task Usage_is_asked_for_and_stripped_where_the_client_did_not_ask()
    {
        await using var bed = await GatewayBed.StartAsync();

        var reply = await bed.ChatAsync();

        Assert.True(bed.Stable.LastBody.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.DoesNotContain("completion_tokens", reply.Body);
        Assert.Equal("[DONE]", reply.Events[^1]);
    }

    [Fact]
    public async Task Usage_is_kept_where_the_client_asked()
    {
        await using var bed = await GatewayBed.StartAsync();

        var reply = await bed.ChatAsync(GatewayBed.Body(extra: ",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":false}"));

        Assert.Contains("\"completion_tokens\":5", reply.Body);
        Assert.False(bed.Stable.LastBody.GetProperty("stream_options").GetProperty("continuous_usage_stats").GetBoolean());
    }

    [Fact]
    public async Task Other_stream_options_of_the_client_stay_when_usage_is_added()
    {
        await using var bed = await GatewayBed.StartAsync();

        await bed.ChatAsync(GatewayBed.Body(extra: ",\"stream_options\":{ \"x\" : 1 , \"include_usage\": false }"));

        var options = bed.Stable.LastBody.GetProperty("stream_options");
        Assert.Equal(1, options.GetProperty("x").GetInt32());
        Assert.True(options.GetProperty("include_usage").GetBoolean());
    }

    [Fact]
    public async Task Whole_answers_pass_with_usage_and_without_the_engines_own_headers()
    {
        await using var bed = await GatewayBed.StartAsync();

        var reply = await bed.ChatAsync(GatewayBed.Body(stream: false));

        Assert.Equal(Answers.WholeBody("stable"), reply.Body);
        Assert.Equal("r-stable", reply.Release);
        Assert.DoesNotContain("Server", reply.HeaderNames);
        Assert.False(bed.Stable.LastBody.TryGetProperty("stream_options", out _));
    }

    [Fact]
    public async Task Completions_pass_their_text_prompt()
    {
        await using var bed = await GatewayBed.StartAsync(stable: Answers.Stream("data: {\"choices\":[{\"text\":\"x\",\"finish_reason\":\"stop\"}]}\n\n", Answers.Done));

        var reply = await bed.ChatAsync("""{"model":"bot","prompt":"Once","stream":true}""", path: "/v1/completions");

        Assert.Equal(200, reply.Status);
        Assert.Equal("Once", bed.Stable.LastBody.GetProperty("prompt").GetString());
        Assert.Equal("served", bed.Stable.LastBody.GetProperty("model").GetString());
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_engines_work_and_is_no_error()
    {
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(hungUp), weight: 100);
        using var client = new CancellationTokenSource();
        var call = bed.SendAsync(ct: client.Token);
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the request reaches the engine");

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await hungUp.Task.WaitAsync(Soon);
        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("code=\"499\"", StringComparison.Ordinal), Soon, () => "the request ends as 499");
        var candidate = (await bed.EpochsAsync())[0].GetProperty("candidate");
        Assert.Equal(1, candidate.GetProperty("requests").GetInt64());
        Assert.Equal(0, candidate.GetProperty("errors").GetInt64());
        Assert.Equal(0, bed.Stable.Requests);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_ends_the_engines_work()
    {
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(stable: async context =>
        {
            await Answers.Stream(Answers.RoleChunk, Answers.TextChunk("x"))(context);
            await Answers.Silence(hungUp)(context);
        });

        using (var response = await bed.SendAsync())
            Assert.Equal(200, (int)response.StatusCode);

        await hungUp.Task.WaitAsync(Soon);
    }

    [Fact]
    public async Task Headers_of_the_connection_do_not_pass_and_others_do()
    {
        await using var bed = await GatewayBed.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(bed.Gateway.ClientAddress, "/v1/chat/completions"));
        request.Content = new StringContent(GatewayBed.Body(stream: false));
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        request.Headers.Add("X-Private", "1");
        request.Headers.Add("Connection", "X-Private");
        request.Headers.Add("Accept-Encoding", "gzip");
        request.Headers.Add("TE", "trailers");
        using var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null });

        using var response = await http.SendAsync(request);

        Assert.Equal(200, (int)response.StatusCode);
        var headers = bed.Stable.Headers.Last();
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", headers["traceparent"]);
        foreach (var name in new[] { "X-Private", "Accept-Encoding", "TE" })
            Assert.False(headers.ContainsKey(name), name);
        Assert.Equal(bed.Stable.Address.Authority, headers.Host);
    }
}
