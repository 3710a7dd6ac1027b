using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Nodes;
using LlmOps.Testing;

namespace LlmOps.LocalCluster.Clusters;

/// <summary>
/// A running cluster of whichever kind was selected, with nodes. On a cluster that has controllers and nodes of its own
/// (<see cref="ClusterKind.Given"/>, <see cref="ClusterKind.K3d"/>) nothing is simulated: its scheduler and controllers and
/// ours would work against each other. Pods there need images that the cluster can pull, and real GPUs.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> parts = [];

    private TestCluster(ClusterSelection selection) => Selection = selection;

    public ClusterSelection Selection { get; }

    /// <summary>A kubeconfig of an administrator.</summary>
    public string KubeconfigPath { get; private set; } = string.Empty;

    /// <summary>Null where the cluster has nodes of its own.</summary>
    public NodeSimulator? Nodes { get; private set; }

    /// <summary>Null where another kind was selected.</summary>
    public ControlPlane? ControlPlane { get; private set; }

    /// <summary>Starts the cluster; says to <paramref name="log"/> which and why.</summary>
    /// <exception cref="ControlPlaneException">The local control plane was selected and does not start.</exception>
    /// <exception cref="InvalidOperationException">k3d was selected and fails.</exception>
    public static async Task<TestCluster> StartAsync(TestClusterOptions? options = null, Action<string>? log = null, CancellationToken ct = default)
    {
        options ??= new();
        var selection = options.Selection ?? await ClusterSelection.DecideAsync(ct);
        log?.Invoke($"cluster: {selection.Kind} ({selection.Reason})");
        var cluster = new TestCluster(selection);
        try
        {
            await cluster.StartApiAsync(options, log, ct);
            if (selection.HasOwnNodes)
            {
                log?.Invoke("cluster: it has nodes of its own, none are simulated; pods need images that it can pull");
                return cluster;
            }

            var nodes = options.Nodes with { DataDirectory = options.Nodes.DataDirectory ?? Folder(options, "nodes") };
            cluster.Nodes = await NodeSimulator.StartAsync(KubernetesClientConfiguration.Load(cluster.KubeconfigPath), nodes, ct);
            cluster.parts.Add(cluster.Nodes);
            log?.Invoke($"cluster: {nodes.Nodes.Count} simulated nodes with {nodes.Nodes.Sum(node => node.Gpus)} GPUs");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends what was started, last first. A given cluster is left as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(parts))
            await part.DisposeAsync();
        parts.Clear();
    }

    private async Task StartApiAsync(TestClusterOptions options, Action<string>? log, CancellationToken ct)
    {
        switch (Selection.Kind)
        {
            case ClusterKind.Given:
                KubeconfigPath = options.Kubeconfig ?? Environment.GetEnvironmentVariable(ClusterSelection.KubeconfigVariable)
                    ?? throw new InvalidOperationException($"no kubeconfig was given, and {ClusterSelection.KubeconfigVariable} is not set");
                break;
            case ClusterKind.K3d:
                var k3d = await K3dCluster.CreateAsync(log, ct);
                parts.Add(k3d);
                KubeconfigPath = k3d.KubeconfigPath;
                break;
            case ClusterKind.LocalControlPlane:
                ControlPlane = await LocalCluster.ControlPlane.StartAsync(new() { DataDirectory = Folder(options, "controlplane") }, log, ct);
                parts.Add(ControlPlane);
                KubeconfigPath = ControlPlane.KubeconfigPath;
                break;
            case ClusterKind.InProcess:
                var server = await InProcessApiServer.StartAsync(cancellationToken: ct);
                parts.Add(server);
                // It has no API extension by request: the product's own kinds are there from the start.
                var definitions = Path.Combine(Workspace.Repository, "crds");
                if (Directory.Exists(definitions))
                    server.InstallCrds(definitions);
                KubeconfigPath = Path.Combine(Folder(options, "in-process") ?? Workspace.CreateRunDirectory("in-process"), "kubeconfig");
                server.WriteKubeconfig(KubeconfigPath);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(options), Selection.Kind, "no such kind of cluster");
        }
    }

    private static string? Folder(TestClusterOptions options, string name)
    {
        if (options.DataDirectory is null)
            return null;
        var folder = Path.Combine(options.DataDirectory, name);
        if (!options.Reuse)
            Workspace.TryDelete(folder);
        return Directory.CreateDirectory(folder).FullName;
    }
}
