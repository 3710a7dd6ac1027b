using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Clusters;
using LlmOps.LocalCluster.Nodes;

namespace LlmOps.Bench.Revert;

/// <summary>The product on the local cluster, installed as a user would, with deployments that serve and users on them.</summary>
internal sealed class RevertBed : IAsyncDisposable
{
    private const int RequestsPerSecond = 10;
    private readonly TestCluster cluster;
    private readonly KubernetesClient client;
    private readonly List<RevertLane> lanes = [];

    private RevertBed(TestCluster cluster)
    {
        this.cluster = cluster;
        client = new(KubernetesClientConfiguration.Load(cluster.KubeconfigPath));
    }

    /// <summary>Deployments whose releases are broken at the same time.</summary>
    public IReadOnlyList<RevertLane> Lanes => lanes;

    public IReadOnlyList<Uri> GatewayAdmins { get; private set; } = [];

    /// <param name="lanes">Deployments, with 10 requests a second each: how fast a revert is does not hang on their number, and emulated engines that stream to many take the cores.</param>
    public static async Task<RevertBed> StartAsync(BenchContext context, int lanes, CancellationToken ct)
    {
        // A stable pod, a candidate and one that goes.
        var nodes = new NodeSimulatorOptions { LongestProbePeriod = TimeSpan.FromSeconds(0.5), Nodes = [new FakeNode { Name = "bench-1", Gpus = 4 * lanes }] };
        var cluster = await TestCluster.StartAsync(new() { Selection = new(ClusterKind.LocalControlPlane, "the bench brings its own"), Nodes = nodes }, context.Say, ct);
        var bed = new RevertBed(cluster);
        try
        {
            await bed.InstallAsync(context, lanes, ct);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in lanes)
            await lane.DisposeAsync();
        client.Dispose();
        await cluster.DisposeAsync();
    }

    private async Task InstallAsync(BenchContext context, int count, CancellationToken ct)
    {
        var kubectl = new Kubectl(cluster.KubeconfigPath);
        context.Say("revert: installing operator and gateways");
        var installation = await Installation.InstallAsync(kubectl, client, context.Time, ct);
        GatewayAdmins = installation.GatewayAdmins;
        await kubectl.ApplyAsync(Samples.Demo("prompt-1.0.0.yaml"), RevertLane.Namespace, ct);
        for (var i = 1; i <= count; i++)
            lanes.Add(new(client, $"bench-{i}", context.Time));
        await Task.WhenAll(lanes.Select(lane => lane.ServeAsync(installation.Gateways, RequestsPerSecond, ct)));
        context.Say($"revert: {count} deployments with {RequestsPerSecond} requests/s each from now on");
    }
}
