using System.Buffers;
using System.Net;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;

namespace LlmOps.Operator.Web;

/// <summary><c>/healthz</c> (the process answers), <c>/readyz</c> (its caches are filled) and <c>/metrics</c>, each on its port; what is for debugging is on a port of the loopback.</summary>
internal static class WebEndpoints
{
    /// <summary>Serves until cancelled.</summary>
    /// <param name="isReady">Whether the caches are filled.</param>
    public static async Task RunAsync(OperatorOptions options, PrometheusExporter metrics, DebugEndpoints debug, Func<bool> isReady, CancellationToken ct)
    {
        int[] ports = [.. new[] { options.HealthPort, options.MetricsPort }.OfType<int>().Distinct()];
        if (ports.Length == 0 && options.DebugPort is null)
            return;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var port in ports)
                kestrel.Listen(options.BindAddress, port);
            if (options.DebugPort is { } debugPort)
                kestrel.Listen(IPAddress.IsLoopback(options.BindAddress) ? options.BindAddress : IPAddress.Loopback, debugPort);
        });
        await using var app = builder.Build();
        app.Run(context => context.Connection.LocalPort == options.DebugPort ? debug.AnswerAsync(context) : AnswerAsync(context, options, metrics, isReady));
        await app.StartAsync(ct);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        }
        catch (OperationCanceledException)
        {
            // The normal end.
        }

        using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(grace.Token);
    }

    private static Task AnswerAsync(HttpContext context, OperatorOptions options, PrometheusExporter metrics, Func<bool> isReady)
    {
        var (path, port) = (context.Request.Path.Value, context.Connection.LocalPort);
        return path switch
        {
            "/healthz" when port == options.HealthPort => TextAsync(context, StatusCodes.Status200OK, "ok"),
            "/readyz" when port == options.HealthPort && isReady() => TextAsync(context, StatusCodes.Status200OK, "ok"),
            "/readyz" when port == options.HealthPort => TextAsync(context, StatusCodes.Status503ServiceUnavailable, "caches are being filled"),
            "/metrics" when port == options.MetricsPort => MetricsAsync(context, metrics),
            _ => TextAsync(context, StatusCodes.Status404NotFound, "not found"),
        };
    }

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }

    private static async Task MetricsAsync(HttpContext context, PrometheusExporter metrics)
    {
        var buffer = new ArrayBufferWriter<byte>();
        metrics.Write(buffer);
        context.Response.ContentType = PrometheusExporter.ContentType;
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }
}
