using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlmOps.Gateway.Tests.Fakes;

/// <summary>An engine whose every byte a test decides: Kestrel with one handler that can be replaced at any time.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    /// <summary>Key of <c>HttpContext.Items</c>: whether the request asks for a stream.</summary>
    public const string IsStreamed = "streamed";

    private readonly WebApplication app;

    private FakeEngine(Func<HttpContext, Task> answer)
    {
        Answer = answer;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    public Func<HttpContext, Task> Answer { get; set; }

    /// <summary>Bodies that arrived, in order.</summary>
    public ConcurrentQueue<string> Bodies { get; } = new();

    public ConcurrentQueue<IHeaderDictionary> Headers { get; } = new();

    public int Requests => Bodies.Count;

    public JsonElement LastBody => JsonDocument.Parse(Bodies.Last()).RootElement;

    public Uri Address { get; private set; } = null!;

    public static async Task<FakeEngine> StartAsync(Func<HttpContext, Task> answer)
    {
        var engine = new FakeEngine(answer);
        await engine.app.StartAsync();
        engine.Address = new Uri(engine.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return engine;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

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
