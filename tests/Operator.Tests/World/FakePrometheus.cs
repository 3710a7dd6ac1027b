using System.Collections.Concurrent;
using System.Globalization;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Operator.Tests.World;

/// <summary>Answers <c>/api/v1/query</c> as a test says, over real HTTP: well, badly, or never.</summary>
internal sealed class FakePrometheus(TimeProvider time) : IAsyncDisposable
{
    private LoopbackServer server = null!;
    private int hung;

    public Uri Address => server.Address;

    /// <summary>What a query gets.</summary>
    public Func<string, PrometheusReply> Reply { get; set; } = _ => PrometheusReply.Value(1);

    /// <summary>Queries so far, in their order.</summary>
    public ConcurrentQueue<string> Queries { get; } = new();

    /// <summary>Authorization headers so far.</summary>
    public ConcurrentQueue<string> Tokens { get; } = new();

    /// <summary>Queries that have no answer yet.</summary>
    public int Pending => server.Pending;

    /// <summary>Queries so far that were left without an answer.</summary>
    public int Hung => Volatile.Read(ref hung);

    public static async Task<FakePrometheus> StartAsync(TimeProvider? time = null)
    {
        var prometheus = new FakePrometheus(time ?? TimeProvider.System);
        prometheus.server = await LoopbackServer.StartAsync(prometheus.AnswerAsync);
        return prometheus;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        if (context.Request.Path != "/api/v1/query" || context.Request.Method != "POST")
        {
            context.Response.StatusCode = 404;
            return;
        }

        Tokens.Enqueue(context.Request.Headers.Authorization.ToString());
        Queries.Enqueue(form["query"].ToString());
        var reply = Reply(form["query"].ToString());
        if (reply == PrometheusReply.Hang)
            Interlocked.Increment(ref hung);
        await server.SendAsync(() => reply.SendAsync(context, time.GetUtcNow()));
    }
}

/// <summary>One answer.</summary>
/// <param name="SendAsync">Writes it, at a time.</param>
internal sealed record PrometheusReply(Func<HttpContext, DateTimeOffset, Task> SendAsync)
{
    public static PrometheusReply Hang { get; } = new((context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));

    /// <summary>The headers promise more than comes.</summary>
    public static PrometheusReply CutOff { get; } = new(async (context, now) =>
    {
        var body = Vector(Series(Seconds(now), "1"));
        context.Response.ContentLength = body.Length;
        await context.Response.WriteAsync(body[..^10]);
        await context.Response.Body.FlushAsync();
        context.Abort();
    });

    public static PrometheusReply TooLarge { get; } = new(async (context, _) =>
    {
        await context.Response.WriteAsync("{\"status\":\"success\",\"padding\":\"");
        var block = new string('x', 64 * 1024);
        for (var i = 0; i < 10; i++)
            await context.Response.WriteAsync(block);
    });

    public static PrometheusReply Body(string body, int status = 200) => new((context, _) =>
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(body);
    });

    public static PrometheusReply Value(double value) => Text(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>One series with a value as Prometheus writes it, asked for some time ago.</summary>
    public static PrometheusReply Text(string value, TimeSpan age = default) => new((context, now) => context.Response.WriteAsync(Vector(Series(Seconds(now - age), value))));

    public static PrometheusReply Result(string type, string result) => Body($$$"""{"status":"success","data":{"resultType":"{{{type}}}","result":{{{result}}}}}""");

    public static PrometheusReply TwoSeries { get; } = new((context, now) => context.Response.WriteAsync(Vector(Series(Seconds(now), "1") + "," + Series(Seconds(now), "2"))));

    private static string Seconds(DateTimeOffset time) => (time.ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);

    private static string Series(string seconds, string value) => $$"""{"metric":{},"value":[{{seconds}},"{{value}}"]}""";

    private static string Vector(string series) => $$$"""{"status":"success","data":{"resultType":"vector","result":[{{{series}}}]}}""";
}
