using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using LlmOps.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlmOps.EndToEnd.Faults;

/// <summary>
/// Stands between one process and the real API server: writes down each request in its order, can hold an answer back, and breaks watches. With the token of the operator's service account.
/// </summary>
internal sealed class ApiProxy : IAsyncDisposable
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Host" };

    private readonly ConcurrentQueue<ProxiedRequest> requests = new();
    private readonly ConcurrentDictionary<OpenWatch, bool> watches = new();
    private readonly WebApplication server;
    private readonly HttpMessageInvoker upstream;
    private readonly Uri target;
    private readonly AuthenticationHeaderValue account;
    private int expired;
    private int disturbed;

    private ApiProxy(FaultBed bed)
    {
        target = bed.ControlPlane.Server;
        account = new("Bearer", bed.Accounts.OperatorToken);
        upstream = new HttpMessageInvoker(Handler(KubernetesClientConfiguration.Load(bed.ControlPlane.KubeconfigPath)));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        server = builder.Build();
        server.Run(ForwardAsync);
    }

    /// <summary>Leads through this proxy.</summary>
    public string KubeconfigPath { get; } = Path.Combine(Directory.CreateTempSubdirectory("proxy").FullName, "kubeconfig");

    /// <summary>Everything that was asked so far.</summary>
    public IReadOnlyList<ProxiedRequest> Requests => [.. requests];

    /// <summary>Writes so far, but for leases and events.</summary>
    public IReadOnlyList<ProxiedRequest> Writes => [.. requests.Where(request => request.IsWrite)];

    /// <summary>Called when the server has carried out a write (no lease, no event) and before the answer goes back; the answer waits for it.</summary>
    public Func<ProxiedRequest, Task>? Written { get; set; }

    /// <summary>Events so far.</summary>
    public IReadOnlyList<ProxiedRequest> Events => [.. requests.Where(request => request.IsEvent && request.Method != "GET")];

    /// <summary>Watches that the server did not go on with, because it has forgotten what they begin from.</summary>
    public int Expired => Volatile.Read(ref expired);

    /// <summary>How often a watch was cut, ended or written into.</summary>
    public int Disturbed => Volatile.Read(ref disturbed);

    /// <summary>Which lines of watches get through.</summary>
    public Func<string, bool> Passes { get; set; } = _ => true;

    /// <summary>Whether a watch that is opened is never answered.</summary>
    public Func<bool> Hangs { get; set; } = () => false;

    /// <summary>How far the clock of the API server seems to be off.</summary>
    public TimeSpan ClockError { get; set; }

    public static async Task<ApiProxy> StartAsync(FaultBed bed)
    {
        var proxy = new ApiProxy(bed);
        await proxy.server.StartAsync();
        await File.WriteAllTextAsync(
            proxy.KubeconfigPath,
            $$"""
            apiVersion: v1
            kind: Config
            current-context: proxy
            clusters: [{name: proxy, cluster: {server: "{{proxy.server.Urls.First()}}"} }]
            contexts: [{name: proxy, context: {cluster: proxy, user: proxy} }]
            users: [{name: proxy, user: {} }]
            """);
        return proxy;
    }

    /// <summary>Cuts every open watch in the middle.</summary>
    public void CutWatches()
    {
        foreach (var watch in watches.Keys)
        {
            Interlocked.Increment(ref disturbed);
            watch.Cut();
        }
    }

    /// <summary>Ends every open watch in order.</summary>
    public void CloseWatches()
    {
        foreach (var watch in watches.Keys)
        {
            Interlocked.Increment(ref disturbed);
            watch.Close();
        }
    }

    /// <summary>Writes a line into every open watch.</summary>
    public void WriteToWatches(string line) => WriteToWatches(_ => line);

    /// <summary>Writes a line of its own into every open watch; none where there is none for it.</summary>
    public void WriteToWatches(Func<OpenWatch, string?> line)
    {
        foreach (var watch in watches.Keys)
        {
            if (line(watch) is not { } text)
                continue;
            Interlocked.Increment(ref disturbed);
            watch.Write(text);
        }
    }

    public async ValueTask DisposeAsync()
    {
        CutWatches();
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await server.StopAsync(now.Token);
        await server.DisposeAsync();
        upstream.Dispose();
        Directory.Delete(Path.GetDirectoryName(KubeconfigPath)!, recursive: true);
    }

    private static SocketsHttpHandler Handler(KubernetesClientConfiguration administrator)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) };
        handler.SslOptions.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(administrator.CertificateAuthorities!);
        return handler;
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var asked = new ProxiedRequest(TimeProvider.System.GetUtcNow(), context.Request.Method, context.Request.Path.Value!, context.Request.Query["watch"].FirstOrDefault() is "true" or "1");
        requests.Enqueue(asked);
        try
        {
            if (asked.IsWatch && Hangs())
            {
                using var hanging = Track(context);
                await hanging.Closed;
                return;
            }

            using var request = await ToRequestAsync(context);
            using var answer = await upstream.SendAsync(request, context.RequestAborted);
            if (asked.IsWrite && answer.IsSuccessStatusCode && Written is { } written)
                await written(asked);
            await AnswerAsync(context, asked, answer);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // Either side is gone: the other one sees a connection that breaks.
            context.Abort();
        }
    }

    private async Task<HttpRequestMessage> ToRequestAsync(HttpContext context)
    {
        var incoming = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(incoming.Method), new Uri(target, $"{incoming.Path.ToUriComponent()}{incoming.QueryString}"));
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            // Whole, so that a write whose sender is killed meanwhile is carried out or not, and never half.
            using var body = new MemoryStream();
            await incoming.Body.CopyToAsync(body, context.RequestAborted);
            request.Content = new ByteArrayContent(body.ToArray());
        }

        foreach (var (name, values) in incoming.Headers)
        {
            if (!HopByHop.Contains(name) && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        request.Headers.Authorization = account;
        return request;
    }

    private async Task AnswerAsync(HttpContext context, ProxiedRequest asked, HttpResponseMessage answer)
    {
        if (asked.IsWatch && answer.StatusCode == HttpStatusCode.Gone)
            Interlocked.Increment(ref expired);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!HopByHop.Contains(name))
                context.Response.Headers[name] = values.ToArray();
        }

        if (answer.Headers.Date is { } date)
            context.Response.Headers.Date = (date + ClockError).ToString("R", CultureInfo.InvariantCulture);
        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        if (!asked.IsWatch || !answer.IsSuccessStatusCode)
        {
            await body.CopyToAsync(context.Response.Body, context.RequestAborted);
            return;
        }

        using var watch = Track(context);
        await context.Response.StartAsync(context.RequestAborted);
        var buffer = new byte[16 * 1024];
        try
        {
            for (int read; (read = await body.ReadAsync(buffer, watch.Ending)) > 0;)
                await watch.ForwardAsync(buffer.AsMemory(0, read));
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // Ended in order.
        }
    }

    private bool IsForwarded(string line)
    {
        if (line.Contains("\"code\":410", StringComparison.Ordinal))
            Interlocked.Increment(ref expired);
        return Passes(line);
    }

    private OpenWatch Track(HttpContext context)
    {
        var watch = new OpenWatch(context, IsForwarded, gone => watches.TryRemove(gone, out _));
        watches[watch] = true;
        return watch;
    }
}

/// <summary>What a process asked the API server.</summary>
internal sealed record ProxiedRequest(DateTimeOffset At, string Method, string Path, bool IsWatch)
{
    /// <summary>Whether it changes something other than a lease or an event.</summary>
    public bool IsWrite => Method != "GET" && !IsLease && !IsEvent;

    public bool IsEvent => Path.Contains("/events", StringComparison.Ordinal);

    public bool IsLease => Path.Contains("/leases", StringComparison.Ordinal);

    public override string ToString() => $"{At:HH:mm:ss.fff} {Method} {Path}";
}
