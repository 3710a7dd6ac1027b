using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.Operator.Tests.World;

/// <summary>The operator's caches over an API server in memory, and nobody who works with them.</summary>
internal sealed class ClusterBed : IAsyncDisposable
{
    private readonly InProcessApiServer server;
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    private ClusterBed(InProcessApiServer server)
    {
        this.server = server;
        Client = new(server.Configuration);
        Cluster = new(Client, [], new("llmops-system", "gateways"), null, NullLogger.Instance, TimeProvider.System);
    }

    public KubernetesClient Client { get; }

    public ClusterView Cluster { get; }

    public static async Task<ClusterBed> StartAsync()
    {
        var server = await InProcessApiServer.StartAsync();
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
        await server.DisposeAsync();
        stop.Dispose();
    }
}
