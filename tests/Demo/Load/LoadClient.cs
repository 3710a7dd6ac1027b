using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOps.Demo.Load;

/// <summary>One question that users ask.</summary>
public sealed record Question(string Query, string Context);

/// <summary>
/// Users: streams chat completions through the gateway at a steady rate, whatever the answers take (open loop), each from one of many
/// sessions. Bounded: past <see cref="MaxInFlight"/> unanswered requests a new one is not sent and counts as a failure.
/// </summary>
public sealed class LoadClient : IAsyncDisposable
{
    private const int MaxInFlight = 1000;
    private const int Sessions = 5000;

    /// <summary>Behind one address there may be several gateways.</summary>
    private const int LooksAtEach = 8;

    /// <summary>After it users come all the same, and see what they see.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly HttpClient http;
    private readonly CancellationTokenSource stop = new();
    private readonly IReadOnlyList<Uri> addresses;
    private readonly string model;
    private readonly IReadOnlyList<Question> questions;
    private readonly TimeProvider time;
    private readonly Task pump;
    private int inFlight;

    private LoadClient(IReadOnlyList<Uri> gateways, string model, IReadOnlyList<Question> questions, double requestsPerSecond, TimeProvider time, Uri? proxy)
    {
        http = new(new SocketsHttpHandler { UseProxy = proxy is not null, Proxy = new WebProxy(proxy), PooledConnectionLifetime = TimeSpan.FromMinutes(2) }) { Timeout = TimeSpan.FromSeconds(60) };
        addresses = [.. gateways.Select(g => new Uri(g, "/v1/chat/completions"))];
        (this.model, this.questions, this.time) = (model, questions, time);
        Statistics = new(time);
        pump = PumpAsync(requestsPerSecond);
    }

    public LoadStatistics Statistics { get; }

    /// <summary>Starts sending, once every gateway lists the model: a status is heard of here and there at its own time.</summary>
    /// <param name="gateways">Base addresses of the gateway's replicas; a request takes any of them.</param>
    /// <param name="model">Name of the LlmDeployment, or <c>namespace/name</c>.</param>
    /// <param name="questionFile">JSON lines with <c>vars.query</c> and <c>vars.context</c>.</param>
    /// <param name="requestsPerSecond">Rate, above 0.</param>
    /// <param name="time">Clock.</param>
    /// <param name="proxy">Proxy that knows the names of Services; null where the addresses are those of pods.</param>
    public static LoadClient Start(IReadOnlyList<Uri> gateways, string model, string questionFile, double requestsPerSecond, TimeProvider time, Uri? proxy = null)
    {
        var questions = File.ReadLines(questionFile)
            .Where(line => line.Length > 0)
            .Select(line => JsonNode.Parse(line)!["vars"]!)
            .Select(vars => new Question((string)vars["query"]!, (string?)vars["context"] ?? string.Empty))
            .ToList();
        return new(gateways, model, questions, requestsPerSecond, time, proxy);
    }

    /// <summary>Stops sending and waits up to ten seconds for the answers that are under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await pump;
        var deadline = time.GetTimestamp();
        while (Volatile.Read(ref inFlight) > 0 && time.GetElapsedTime(deadline) < TimeSpan.FromSeconds(10))
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None);
        http.Dispose();
        stop.Dispose();
    }

    private async Task PumpAsync(double requestsPerSecond)
    {
        await Task.Yield();
        var random = new Random(17);
        long sent = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10), time);
        try
        {
            await UntilListedAsync();
            var started = time.GetTimestamp();
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                var due = (long)(time.GetElapsedTime(started).TotalSeconds * requestsPerSecond);
                for (; sent < due; sent++)
                    _ = AskAsync(addresses[random.Next(addresses.Count)], questions[random.Next(questions.Count)], $"session-{random.Next(Sessions)}");
            }
        }
        catch (OperationCanceledException)
        {
            // DisposeAsync asked for it.
        }
    }

    private async Task UntilListedAsync()
    {
        var started = time.GetTimestamp();
        foreach (var address in addresses)
        {
            for (var seen = 0; seen < LooksAtEach && time.GetElapsedTime(started) < LongestWait; seen = await IsListedAsync(new Uri(address, "/v1/models")) ? seen + 1 : 0)
                await Task.Delay(TimeSpan.FromMilliseconds(10), time, stop.Token);
        }
    }

    private async Task<bool> IsListedAsync(Uri models)
    {
        try
        {
            var list = JsonNode.Parse(await http.GetStringAsync(models, stop.Token))!["data"]!.AsArray();
            return list.Any(entry => (string)entry!["id"]! is var id && (id == model || $"{(string)entry["owned_by"]!}/{id}" == model));
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task AskAsync(Uri address, Question question, string session)
    {
        var sentAt = time.GetUtcNow();
        if (Interlocked.Increment(ref inFlight) > MaxInFlight)
        {
            Interlocked.Decrement(ref inFlight);
            Statistics.Add(new(sentAt, null, null, null, $"not sent: {MaxInFlight} requests are unanswered"));
            return;
        }

        try
        {
            Statistics.Add(await SendAsync(address, question, session, sentAt));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            Statistics.Add(new(sentAt, null, null, null, e.Message));
        }
        finally
        {
            Interlocked.Decrement(ref inFlight);
        }
    }

    private async Task<Outcome> SendAsync(Uri address, Question question, string session, DateTimeOffset sentAt)
    {
        var started = time.GetTimestamp();
        var body = new JsonObject
        {
            ["model"] = model,
            ["stream"] = true,
            ["prompt"] = new JsonObject { ["variables"] = new JsonObject { ["query"] = question.Query, ["context"] = question.Context } },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        request.Headers.Add("x-llmops-session", session);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var track = Header(response, "x-llmops-track");
        var release = Header(response, "x-llmops-release");
        if (!response.IsSuccessStatusCode)
            return new(sentAt, track, release, null, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");

        double? ttft = null;
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            if (line == "data: [DONE]")
                return new(sentAt, track, release, ttft, ttft is null ? "empty answer" : null);
            if (line.Contains("\"error\":", StringComparison.Ordinal))
                return new(sentAt, track, release, ttft, line);
            if (ttft is null && JsonNode.Parse(line["data: ".Length..])?["choices"] is JsonArray { Count: > 0 } choices &&
                (string?)choices[0]?["delta"]?["content"] is { Length: > 0 })
                ttft = time.GetElapsedTime(started).TotalSeconds;
        }

        return new(sentAt, track, release, ttft, "the stream ended without [DONE]");
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
