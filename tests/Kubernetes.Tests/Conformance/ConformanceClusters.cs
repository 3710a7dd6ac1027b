using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>The server that answers.</summary>
public abstract class ConformanceCluster : IAsyncLifetime
{
    private int namespaces;

    internal KubernetesClient Client { get; private set; } = null!;

    /// <summary>A namespace that no other test uses.</summary>
    internal string NextNamespace() => $"conformance-{Interlocked.Increment(ref namespaces)}";

    public async Task InitializeAsync()
    {
        if (await StartAsync() is not { } configuration)
            return;
        Client = new KubernetesClient(configuration);
        await new ApiSession(Client).InstallCrdAsync(Widgets.Definition);
    }

    public async Task DisposeAsync()
    {
        Client?.Dispose();
        await StopAsync();
    }

    /// <summary>Null where the server cannot be had: the tests are skipped then.</summary>
    protected abstract Task<KubernetesClientConfiguration?> StartAsync();

    protected abstract Task StopAsync();
}

/// <summary>The server of tests/Testing.</summary>
public sealed class InProcessCluster : ConformanceCluster
{
    private InProcessApiServer? server;

    protected override async Task<KubernetesClientConfiguration?> StartAsync() => (server = await InProcessApiServer.StartAsync()).Configuration;

    protected override async Task StopAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
    }
}

/// <summary>etcd and the upstream API machinery, of tests/LocalCluster.</summary>
public sealed class RealCluster : ConformanceCluster
{
    private ControlPlane? plane;

    protected override async Task<KubernetesClientConfiguration?> StartAsync()
    {
        if (!ConformanceTestCase.RealApiServer.Value.IsAvailable)
            return null;
        plane = await ControlPlane.StartAsync();
        return KubernetesClientConfiguration.Load(plane.KubeconfigPath);
    }

    protected override async Task StopAsync()
    {
        if (plane is not null)
            await plane.DisposeAsync();
    }
}
