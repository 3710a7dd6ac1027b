using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.Operator.Tests.World;

/// <summary>The operator's caches over an API server in memory, and nobody who works with them.</summary>
internal sealed class ClusterBed : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    private ClusterBed(InProcessApiServer server)
    {
        Server = server;
        Client = new(server.Configuration);
        Cluster = new(Client, [], new("llmops-system", "gateways"), null, NullLogger.Instance, TimeProvider.System);
    }

    public InProcessApiServer Server { get; }

    public KubernetesClient Client { get; }

    public ClusterView Cluster { get; }

    /// <param name="options">Of the API server; null for the defaults.</param>
    public static async Task<ClusterBed> StartAsync(InProcessApiServerOptions? options = null)
    {
        var server = await InProcessApiServer.StartAsync(options);
        server.InstallCrds(Path.Combine(TestWorld.RepositoryRoot(), "crds"));
        return new(server);
    }

    /// <summary>Fills the caches, and keeps them filled. Once, after whoever is to be told of changes said so.</summary>
    public Task WatchAsync()
    {
        running = Cluster.RunAsync(stop.Token);
        return Cluster.WaitForSyncAsync(stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        Cluster.Dispose();
        Client.Dispose();
        await Server.DisposeAsync();
        stop.Dispose();
    }
}
