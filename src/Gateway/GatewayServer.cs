using System.Net;
using LlmOps.Gateway.Admin;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Forwarding;
using LlmOps.Gateway.Limits;
using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Routing;
using LlmOps.Kubernetes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace LlmOps.Gateway;

/// <summary>
/// The gateway as a whole, without the source of its routes: feed <see cref="Routes"/>, from informers or from a test.
/// Guarantees: after <see cref="StopAsync"/> no connection is taken, and streams have had the drain time to end.
/// </summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private readonly GatewayOptions options;
    private readonly Forwarder forwarder;
    private readonly GatewayMetrics metrics;
    private readonly RetiredSeries retired;
    private readonly PrometheusExporter exporter;
    private readonly AdminApi admin;
    private readonly WebApplication clientApp;
    private readonly WebApplication adminApp;
    private readonly ILogger logger;

    private GatewayServer(GatewayOptions options, SecretTokens tokens, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        logger = loggers.CreateLogger<GatewayServer>();
        Evidence = new EvidenceLedger(options.KeepSeries, time);
        // Before the meter, so that no measurement is missed.
        exporter = new PrometheusExporter(new() { Meters = [options.MeterName, KubernetesMetrics.MeterName] });
        retired = new RetiredSeries(exporter, options.KeepSeries, time);
        var limit = new ConcurrencyLimit(options.MaxConcurrentRequests);
        metrics = new GatewayMetrics(options.MeterName, Evidence, limit, retired);
        Routes = new RouteCache(tokens, Evidence, metrics, time, loggers.CreateLogger<RouteCache>());
        forwarder = new Forwarder(options, time, loggers.CreateLogger<Forwarder>());
        admin = new AdminApi(Routes, Evidence, exporter);
        clientApp = WebHost.Build(options.Bind, options.ClientPort, options, loggers, new ClientApi(Routes, forwarder, limit, options).HandleAsync);
        adminApp = WebHost.Build(options.Bind, options.AdminPort, options, loggers, admin.HandleAsync);
    }

    public RouteCache Routes { get; }

    public EvidenceLedger Evidence { get; }

    /// <summary>URL of the OpenAI API, with the port that was taken.</summary>
    public Uri ClientAddress { get; private set; } = new("http://localhost:0");

    /// <summary>URL of the admin port, with the port that was taken.</summary>
    public Uri AdminAddress { get; private set; } = new("http://localhost:0");

    /// <summary>Starts both ports.</summary>
    /// <param name="tokens">API keys of engines.</param>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<GatewayServer> StartAsync(GatewayOptions options, SecretTokens tokens, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var server = new GatewayServer(options, tokens, time, loggers);
        try
        {
            await server.adminApp.StartAsync(ct);
            await server.clientApp.StartAsync(ct);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.AdminAddress = AddressOf(server.adminApp);
        server.ClientAddress = AddressOf(server.clientApp);
        return server;
    }

    /// <summary>
    /// Serves until it is to stop, and lets running requests end; likewise where what feeds the routes fails before, since they would only grow old.
    /// </summary>
    /// <param name="feed">Feeds <see cref="Routes"/> until cancelled.</param>
    /// <param name="stop">Ends when the gateway is to stop.</param>
    /// <returns>False where the feed failed, which is logged.</returns>
    public async Task<bool> ServeAsync(Func<CancellationToken, Task> feed, Task stop)
    {
        using var stopFeed = new CancellationTokenSource();
        var feeding = feed(stopFeed.Token);
        await Task.WhenAny(stop, feeding);
        if (feeding.Exception?.InnerException is { } error)
            RoutingLog.Failed(logger, error);
        await StopAsync(CancellationToken.None);
        await stopFeed.CancelAsync();
        await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !feeding.IsFaulted;
    }

    /// <summary>Takes no further connections and lets running requests end, for as long as the drain time; what then is left is cut.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        admin.IsDraining = true;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(options.Drain);
        await clientApp.StopAsync(deadline.Token);
        await adminApp.StopAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        await clientApp.DisposeAsync();
        await adminApp.DisposeAsync();
        forwarder.Dispose();
        retired.Dispose();
        exporter.Dispose();
        metrics.Dispose();
    }

    private static Uri AddressOf(WebApplication app)
    {
        var bound = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var any = IPAddress.TryParse(bound.Host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
        return any ? new UriBuilder(bound) { Host = "localhost" }.Uri : bound;
    }
}
