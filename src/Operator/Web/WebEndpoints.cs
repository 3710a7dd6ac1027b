using System.Buffers;
using System.Net;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LlmOps.Operator.Web;

/// <summary>
/// <c>/healthz</c> (the process answers), <c>/readyz</c> (its caches are filled) and <c>/metrics</c>, each on its port, and nothing else; what is for
/// debugging is on a port of the loopback. Guarantees: GET and HEAD without a body alone; no answer holds anything of its request; nobody holds a connection
/// without use for long; metrics are written for <see cref="MaxScrapes"/> at one time, and health does not wait for them.
/// </summary>
internal static class WebEndpoints
{
    /// <summary>Metrics that are being written at one time; further ones are answered with 503.</summary>
    public const int MaxScrapes = 4;

    /// <summary>Probes and scrapers send a few hundred bytes.</summary>
    private const int MaxHeaderBytes = 8 * 1024;

    private const int MaxHeaders = 40;

    private const int MaxConnections = 512;

    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(75);

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
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxRequestLineSize = 2 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = KeepAlive;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            foreach (var port in ports)
                kestrel.Listen(options.BindAddress, port, listen => listen.Protocols = HttpProtocols.Http1);
            if (options.DebugPort is { } debugPort)
                kestrel.Listen(IPAddress.IsLoopback(options.BindAddress) ? options.BindAddress : IPAddress.Loopback, debugPort, listen => listen.Protocols = HttpProtocols.Http1);
        });
        await using var app = builder.Build();
        using var scrapes = new SemaphoreSlim(MaxScrapes);
        app.Run(context => AnswerAsync(context, options, metrics, debug, scrapes, isReady));
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

    private static Task AnswerAsync(HttpContext context, OperatorOptions options, PrometheusExporter metrics, DebugEndpoints debug, SemaphoreSlim scrapes, Func<bool> isReady)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return TextAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET and HEAD");
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            return TextAsync(context, StatusCodes.Status413PayloadTooLarge, "no body is expected");
        var (path, port) = (context.Request.Path.Value, context.Connection.LocalPort);
        return path switch
        {
            _ when port == options.DebugPort => debug.AnswerAsync(context),
            "/healthz" when port == options.HealthPort => TextAsync(context, StatusCodes.Status200OK, "ok"),
            "/readyz" when port == options.HealthPort && isReady() => TextAsync(context, StatusCodes.Status200OK, "ok"),
            "/readyz" when port == options.HealthPort => TextAsync(context, StatusCodes.Status503ServiceUnavailable, "caches are being filled"),
            "/metrics" when port == options.MetricsPort => MetricsAsync(context, metrics, scrapes),
            _ => TextAsync(context, StatusCodes.Status404NotFound, "not found"),
        };
    }

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }

    private static async Task MetricsAsync(HttpContext context, PrometheusExporter metrics, SemaphoreSlim scrapes)
    {
        if (!await scrapes.WaitAsync(TimeSpan.Zero, context.RequestAborted))
        {
            context.Response.Headers.RetryAfter = "1";
            await TextAsync(context, StatusCodes.Status503ServiceUnavailable, "too many scrapes at one time");
            return;
        }

        try
        {
            var buffer = new ArrayBufferWriter<byte>();
            metrics.Write(buffer);
            context.Response.ContentType = PrometheusExporter.ContentType;
            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
        }
        finally
        {
            scrapes.Release();
        }
    }
}
