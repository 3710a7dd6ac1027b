using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LlmOps.Kubernetes;
using Polly;
using Polly.Retry;

namespace LlmOps.Evaluator.Running;

/// <summary>An answer, or why there is none.</summary>
/// <param name="Text">The whole answer; null where there is none.</param>
/// <param name="AnswerTokens">Tokens of the answer, as the engine counted them.</param>
/// <param name="Tokens">Tokens of prompt and answer.</param>
/// <param name="Error">Why there is no answer.</param>
/// <param name="WasCut">Whether the answer ended at its longest length and not by itself.</param>
internal sealed record Answer(string? Text, int AnswerTokens, long Tokens, string? Error, bool WasCut = false);

/// <summary>Asks an engine. Tries again what may pass (connection, 429, 5xx), honours <c>Retry-After</c>, and never throws but on cancellation.</summary>
internal sealed class ChatClient : IDisposable
{
    private static readonly TimeSpan RequestLimit = TimeSpan.FromMinutes(2);
    private readonly HttpClient http = new() { Timeout = RequestLimit };
    private readonly ResiliencePipeline<HttpResponseMessage> pipeline;

    public ChatClient(TimeProvider time, TimeSpan? firstDelay = null) =>
        pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = 4,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = firstDelay ?? TimeSpan.FromMilliseconds(200),
                MaxDelay = TimeSpan.FromSeconds(10),
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                    .Handle<HttpRequestException>()
                    .Handle<IOException>()
                    .HandleResult(r => r.StatusCode == HttpStatusCode.TooManyRequests || (int)r.StatusCode >= 500),
                DelayGenerator = static retry => ValueTask.FromResult(retry.Outcome.Result?.Headers.RetryAfter?.Delta),
                OnRetry = static retry =>
                {
                    retry.Outcome.Result?.Dispose();
                    return default;
                },
            })
            .Build();

    /// <param name="key">What the engine asks for; null where it asks for nothing.</param>
    public async Task<Answer> AskAsync(Uri address, ReadOnlyMemory<byte> body, SecretToken? key, CancellationToken ct)
    {
        try
        {
            using var response = await pipeline.ExecuteAsync(async token => await SendAsync(address, body, key, token), ct);
            var content = await response.Content.ReadAsByteArrayAsync(ct);
            return response.IsSuccessStatusCode ? Read(content) : Failed($"{(int)response.StatusCode}: {Excerpt.Line(System.Text.Encoding.UTF8.GetString(content))}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Failed($"no answer within {RequestLimit.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return Failed(e.Message);
        }
    }

    public void Dispose() => http.Dispose();

    /// <summary>Where an engine is asked, by the base URL of its Service.</summary>
    public static Uri Completions(string url) => new(new Uri(url.EndsWith('/') ? url : url + "/"), "v1/chat/completions");

    private static Answer Failed(string error) => new(null, 0, 0, error);

    private async ValueTask<HttpResponseMessage> SendAsync(Uri address, ReadOnlyMemory<byte> body, SecretToken? key, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Authorization = key?.Header;
        return await http.SendAsync(request, ct);
    }

    private static Answer Read(byte[] content)
    {
        using var document = JsonDocument.Parse(content);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0 ||
            !choices[0].TryGetProperty("message", out var message) || !message.TryGetProperty("content", out var text))
            return Failed("the answer has no choices[0].message.content");
        var finish = choices[0].TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString() : null;
        if (finish == "error")
            return Failed("finish_reason is error");
        var usage = root.TryGetProperty("usage", out var u) && u.ValueKind == JsonValueKind.Object ? u : default;
        return new(text.ValueKind == JsonValueKind.String ? text.GetString() : string.Empty, Count(usage, "completion_tokens"), Count(usage, "total_tokens"), null, finish == "length");
    }

    private static int Count(JsonElement usage, string name) =>
        usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(name, out var value) && value.TryGetInt32(out var count) ? count : 0;
}
