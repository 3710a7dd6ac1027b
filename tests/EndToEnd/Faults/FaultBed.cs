using LlmOps.Demo.Cluster;
using LlmOps.EndToEnd.Product;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Clusters;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.LocalCluster.Processes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Faults;

/// <summary>
/// A control plane, nodes and a gateway of their own, for tests that kill them. There is no operator: each test starts its own, for its namespace, as processes
/// that it can kill, freeze and stop.
/// </summary>
public sealed class FaultBed : IAsyncLifetime
{
    /// <summary>For whatever is waited for; a machine under load needs part of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private ChildProcess? gateway;
    private FaultScene? scene;

    internal TestCluster Cluster { get; private set; } = null!;

    internal ControlPlane ControlPlane => Cluster.ControlPlane!;

    internal KubernetesClient Client { get; private set; } = null!;

    /// <summary>Everybody but the tests themselves goes by these.</summary>
    internal Accounts Accounts { get; private set; } = null!;

    internal Uri Gateway { get; private set; } = null!;

    /// <summary>Port of the gateway's evidence.</summary>
    internal int GatewayAdminPort { get; private set; }

    public async Task InitializeAsync()
    {
        if (!RealApiServerFactAttribute.IsAvailable)
            return;
        Cluster = await TestCluster.StartAsync(new()
        {
            Selection = new(ClusterKind.LocalControlPlane, "the fault tests bring their own"),
            Nodes = new() { LongestProbePeriod = TimeSpan.FromMilliseconds(500) },
        });
        Client = new KubernetesClient(KubernetesClientConfiguration.Load(Cluster.KubeconfigPath));
        await new Kubectl(Cluster.KubeconfigPath).ApplyAsync(Path.Combine(Workspace.Repository, "config", "crd"), null, CancellationToken.None);
        Accounts = new Accounts(ControlPlane, Client);
        await Accounts.CreateAsync(CancellationToken.None);
        (gateway, Gateway, GatewayAdminPort) = await StartGatewayAsync();
    }

    public async Task DisposeAsync()
    {
        if (scene is not null)
            await scene.DisposeAsync();
        if (gateway is not null)
            await gateway.DisposeAsync();
        Client?.Dispose();
        if (Cluster is null)
            return;
        var refused = Accounts.Refusals();
        var leaks = await SecretSearch.FindAsync(Cluster, [Accounts.OperatorToken, Accounts.GatewayToken], Directory.EnumerateFiles(OperatorProcess.Logs), CancellationToken.None);
        await Cluster.DisposeAsync();
        Directory.Delete(OperatorProcess.Logs, recursive: true);
        Assert.True(leaks.Count == 0, $"a secret is in {string.Join(", ", leaks)}");
        Assert.True(refused.Count == 0, $"config/rbac does not let operator and gateway do what they want:\n{string.Join('\n', refused.Take(10))}");
    }

    /// <summary>The scene that tests share, in which a release serves. Each tries prompts of its own in it, and leaves no operator behind.</summary>
    internal async Task<FaultScene> SceneAsync(CancellationToken ct)
    {
        if (scene is not null)
            return scene;
        var first = await FaultScene.CreateAsync(this, ct);
        await using var serving = await OperatorProcess.StartAsync("first", Accounts.OperatorKubeconfig, first.Namespace);
        await first.ServeAsync(ct);
        return scene = first;
    }

    /// <summary>Kills the API server (SIGKILL), and starts it again afterwards, whatever became of that: other tests need it.</summary>
    internal async Task WithoutApiServerAsync(Func<Task> meanwhile)
    {
        await ControlPlane.KillApiServerAsync();
        await ThenAsync(meanwhile, ControlPlane.RestartApiServerAsync);
    }

    /// <summary>The same with etcd.</summary>
    internal async Task WithoutEtcdAsync(Func<Task> meanwhile)
    {
        await ControlPlane.KillEtcdAsync();
        await ThenAsync(meanwhile, ControlPlane.RestartEtcdAsync);
    }

    /// <summary>A gateway as a process, ready; its address for clients, and the port of its evidence.</summary>
    internal async Task<(ChildProcess Process, Uri Address, int AdminPort)> StartGatewayAsync()
    {
        var (program, ports) = (ImageCatalog.Built("Gateway"), LoopbackPorts.Take(2));
        var process = await ChildProcess.StartAsync(new()
        {
            Executable = program.Executable,
            Arguments = [.. program.Arguments, "--kubeconfig", Accounts.GatewayKubeconfig, "--bind", "127.0.0.1", "--client-port", $"{ports[0]}", "--admin-port", $"{ports[1]}", "--drain-seconds", "60"],
            LogFile = Path.Combine(Cluster.Nodes!.DataDirectory, $"gateway-{ports[0]}.log"),
        });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await Eventually.TrueAsync(
            async ct => (await http.GetAsync(new Uri($"http://127.0.0.1:{ports[1]}/readyz"), ct)).IsSuccessStatusCode, Patience, () => $"the gateway to be ready; its log ends:\n{process.LogTail()}");
        return (process, new Uri($"http://127.0.0.1:{ports[0]}"), ports[1]);
    }

    private static async Task ThenAsync(Func<Task> meanwhile, Func<CancellationToken, Task> restart)
    {
        try
        {
            await meanwhile();
        }
        finally
        {
            using var limit = new CancellationTokenSource(Patience);
            await restart(limit.Token);
        }
    }
}

/// <summary>Tests that kill things share one bed and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class FaultGroup : ICollectionFixture<FaultBed>
{
    public const string Name = "faults";
}
