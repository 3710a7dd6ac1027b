using System.Collections.Concurrent;
using System.Text.Json;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Gateway.Tests.Fakes;

/// <summary>An engine whose every byte a test decides: Kestrel with one handler that can be replaced at any time.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    /// <summary>Key of <c>HttpContext.Items</c>: whether the request asks for a stream.</summary>
    public const string IsStreamed = "streamed";

    private LoopbackServer server = null!;

    private FakeEngine(Func<HttpContext, Task> answer) => Answer = answer;

    public Func<HttpContext, Task> Answer { get; set; }

    /// <summary>Bodies that arrived, in order.</summary>
    public ConcurrentQueue<string> Bodies { get; } = new();

    public ConcurrentQueue<IHeaderDictionary> Headers { get; } = new();

    public int Requests => Bodies.Count;

    public JsonElement LastBody => JsonDocument.Parse(Bodies.Last()).RootElement;

    public Uri Address => server.Address;

    public static async Task<FakeEngine> StartAsync(Func<HttpContext, Task> answer)
    {
        var engine = new FakeEngine(answer);
        engine.server = await LoopbackServer.StartAsync(engine.HandleAsync);
        return engine;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        Bodies.Enqueue(body);
        context.Items[IsStreamed] = JsonDocument.Parse(body).RootElement.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True;
        Headers.Enqueue(new HeaderDictionary(context.Request.Headers.ToDictionary(h => h.Key, h => h.Value)));
        await Answer(context);
    }
}
