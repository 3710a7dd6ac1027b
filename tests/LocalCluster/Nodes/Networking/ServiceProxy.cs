using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlmOps.LocalCluster.Nodes.Networking;

/// <summary>
/// An HTTP forward proxy that knows Service names: what pods are given as <c>HTTP_PROXY</c>, because there is no cluster
/// DNS and no kube-proxy. Streams both ways. Addresses that are no Service names are passed on as they are. Where a real
/// connection would be refused it answers 502 and says why.
/// </summary>
/// <remarks>Not played: HTTPS (CONNECT), plain TCP, cluster IPs.</remarks>
internal sealed class ServiceProxy : IAsyncDisposable
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Proxy-Authorization", "Host",
    };

    private readonly ServiceDirectory directory;
    private readonly WebApplication server;
    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
    });

    private ServiceProxy(ServiceDirectory directory, IPAddress address)
    {
        this.directory = directory;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(address, 0);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        server = builder.Build();
        server.Run(ForwardAsync);
    }

    /// <summary>What goes into <c>HTTP_PROXY</c>.</summary>
    public Uri Address => new(server.Urls.First());

    public static async Task<ServiceProxy> StartAsync(ServiceDirectory directory, IPAddress address, CancellationToken ct)
    {
        var proxy = new ServiceProxy(directory, address);
        await proxy.server.StartAsync(ct);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        // Streams that are still open are cut: their pods end too.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await server.StopAsync(now.Token);
        await server.DisposeAsync();
        client.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var (host, port, problem) = directory.Resolve(context.Request.Host.Host, context.Request.Host.Port ?? 80);
        if (problem is not null)
        {
            await RefuseAsync(context, problem);
            return;
        }

        using var request = ToRequest(context, host, port);
        HttpResponseMessage answer;
        try
        {
            answer = await client.SendAsync(request, context.RequestAborted);
        }
        catch (HttpRequestException failure)
        {
            await RefuseAsync(context, $"{host}:{port}: {failure.Message}");
            return;
        }

        using (answer)
            await CopyAsync(answer, context);
    }

    private static HttpRequestMessage ToRequest(HttpContext context, string host, int port)
    {
        var incoming = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(incoming.Method), $"http://{host}:{port}{incoming.Path.ToUriComponent()}{incoming.QueryString}");
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            request.Content = new StreamContent(incoming.Body);
        foreach (var (name, values) in incoming.Headers)
        {
            if (!HopByHop.Contains(name) && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        request.Headers.Host = incoming.Host.Value;
        return request;
    }

    private static async Task CopyAsync(HttpResponseMessage answer, HttpContext context)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!HopByHop.Contains(name))
                context.Response.Headers[name] = values.ToArray();
        }

        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
            var buffer = new byte[16 * 1024];
            for (int read; (read = await body.ReadAsync(buffer, context.RequestAborted)) > 0;)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException)
        {
            // The pod broke off in the middle, or the client went: what a network shows is a reset connection.
            context.Abort();
        }
    }

    private static async Task RefuseAsync(HttpContext context, string problem)
    {
        context.Response.StatusCode = StatusCodes.Status502BadGateway;
        context.Response.Headers["x-service-proxy-error"] = "true";
        await context.Response.WriteAsync($"node simulator: {problem}\n", context.RequestAborted);
    }
}
