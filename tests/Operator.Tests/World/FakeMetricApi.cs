using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LlmOps.Operator.Tests.World;

/// <summary>Somebody's API that answers GET with JSON as a test says, over real HTTP: well, badly, or never.</summary>
internal sealed class FakeMetricApi : IAsyncDisposable
{
    private readonly WebApplication app = Build();
    private int pending;

    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>What a path with its query gets.</summary>
    public Func<string, PrometheusReply> Reply { get; set; } = _ => PrometheusReply.Body("1");

    /// <summary>Requests so far: path and query, and the headers Authorization and X-Api-Key.</summary>
    public ConcurrentQueue<(string Target, string Authorization, string ApiKey)> Requests { get; } = new();

    /// <summary>Requests that have no answer yet.</summary>
    public int Pending => Volatile.Read(ref pending);

    public static async Task<FakeMetricApi> StartAsync()
    {
        var api = new FakeMetricApi();
        api.app.Run(api.AnswerAsync);
        await api.app.StartAsync();
        api.Address = new Uri(api.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return api;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        return builder.Build();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Method != "GET")
        {
            context.Response.StatusCode = 405;
            return;
        }

        var target = $"{context.Request.Path}{context.Request.QueryString}";
        Requests.Enqueue((target, context.Request.Headers.Authorization.ToString(), context.Request.Headers["X-Api-Key"].ToString()));
        var reply = Reply(target);
        Interlocked.Increment(ref pending);
        try
        {
            await reply.SendAsync(context, DateTimeOffset.UnixEpoch);
        }
        finally
        {
            Interlocked.Decrement(ref pending);
        }
    }
}
