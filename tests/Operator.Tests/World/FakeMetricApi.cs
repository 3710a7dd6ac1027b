using System.Collections.Concurrent;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Operator.Tests.World;

/// <summary>Somebody's API that answers GET with JSON as a test says, over real HTTP: well, badly, or never.</summary>
internal sealed class FakeMetricApi : IAsyncDisposable
{
    private LoopbackServer server = null!;

    public Uri Address => server.Address;

    /// <summary>What a path with its query gets.</summary>
    public Func<string, PrometheusReply> Reply { get; set; } = _ => PrometheusReply.Body("1");

    /// <summary>Requests so far: path and query, and the headers Authorization and X-Api-Key.</summary>
    public ConcurrentQueue<(string Target, string Authorization, string ApiKey)> Requests { get; } = new();

    /// <summary>Requests that have no answer yet.</summary>
    public int Pending => server.Pending;

    public static async Task<FakeMetricApi> StartAsync()
    {
        var api = new FakeMetricApi();
        api.server = await LoopbackServer.StartAsync(api.AnswerAsync);
        return api;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

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
        await server.SendAsync(() => reply.SendAsync(context, DateTimeOffset.UnixEpoch));
    }
}
