using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Operator.Tests.World;

/// <summary>Answers warm-up requests and vLLM's metrics for all pods of a test, on a loopback address of its own and vLLM's port.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private const int Port = 8000;
    private static int next = Random.Shared.Next(1, 200 * 250);

    private readonly WebApplication app;
    private int generations;
    private long answered;

    private FakeEngine(WebApplication app, string address) => (this.app, Address) = (app, address);

    public string Address { get; }

    /// <summary>Warm-up requests so far.</summary>
    public int Generations => Volatile.Read(ref generations);

    /// <summary>Requests of users that it answered, as its metrics tell.</summary>
    public long Answered
    {
        get => Interlocked.Read(ref answered);
        set => Interlocked.Exchange(ref answered, value);
    }

    /// <summary>Whether it answers 500, as an engine whose health lies.</summary>
    public bool FailsToGenerate { get; set; }

    /// <summary>Keys that it takes; null: any, and none.</summary>
    public IReadOnlyList<string>? Keys { get; set; }

    /// <summary>Values of <c>Authorization</c> that came, by path.</summary>
    public ConcurrentQueue<(string Path, string Authorization)> Credentials { get; } = new();

    /// <summary>Paths of requests that came with the id of somebody's trace.</summary>
    public ConcurrentQueue<string> Traced { get; } = new();

    /// <summary>Requests that it says to have in flight, half of them waiting; null: it tells no metrics.</summary>
    public int? InFlight { get; set; } = 0;

    public static async Task<FakeEngine> StartAsync()
    {
        while (true)
        {
            var number = Interlocked.Increment(ref next) % (200 * 250);
            var address = $"127.222.{1 + (number / 250)}.{1 + (number % 250)}";
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(address), Port));
            var engine = new FakeEngine(builder.Build(), address);
            engine.app.Run(engine.AnswerAsync);
            try
            {
                await engine.app.StartAsync();
                return engine;
            }
            catch (IOException)
            {
                // Another test run has this address.
                await engine.DisposeAsync();
            }
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Headers.TraceParent.Count > 0)
            Traced.Enqueue(context.Request.Path);
        Credentials.Enqueue((context.Request.Path, context.Request.Headers.Authorization.ToString()));
        if (context.Request.Path == "/metrics")
        {
            context.Response.StatusCode = InFlight is null ? 503 : 200;
            await context.Response.WriteAsync($$"""
                # TYPE vllm:num_requests_running gauge
                vllm:num_requests_running{engine="0",model_name="bot"} {{InFlight - (InFlight / 2)}}.0
                # TYPE vllm:num_requests_waiting gauge
                vllm:num_requests_waiting{engine="0",model_name="bot"} {{InFlight / 2}}.0
                # TYPE http_requests_total counter
                http_requests_total{handler="/v1/chat/completions",method="POST",status="2xx"} {{Answered}}.0

                """);
            return;
        }

        Interlocked.Increment(ref generations);
        if (Keys?.Any(key => context.Request.Headers.Authorization == $"Bearer {key}") == false)
        {
            context.Response.StatusCode = 401;
            return;
        }

        context.Response.StatusCode = FailsToGenerate ? 500 : 200;
        await context.Response.WriteAsync(FailsToGenerate ? "{}" : """{"choices":[{"message":{"content":"pong"}}]}""");
    }
}
