using LlmOps.Demo.Cluster;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Clusters;
using LlmOps.LocalCluster.Nodes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>One cluster with the product installed as a user would, for all tests of the product; each test has a namespace of its own.</summary>
public sealed class ProductFixture : IAsyncLifetime
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Two GPUs on each of two nodes that only pods asking for their product get.</summary>
    internal static IReadOnlyList<FakeNode> ScarceNodes { get; } =
        [new() { Name = "scarce-node-1", Gpus = 2, GpuProduct = ScarceProduct }, new() { Name = "scarce-node-2", Gpus = 2, GpuProduct = ScarceProduct }];

    internal const string ScarceProduct = "Scarce-GPU";

    internal TestCluster Cluster { get; private set; } = null!;

    internal KubernetesClient Client { get; private set; } = null!;

    internal Kubectl Kubectl { get; private set; } = null!;

    /// <summary>Secrets of tests, which must be nowhere when all are over.</summary>
    internal List<string> Planted { get; } = [];

    internal Installation Installation { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (!RealApiServerFactAttribute.IsAvailable)
            return;
        Cluster = await TestCluster.StartAsync(new()
        {
            Selection = RealApiServerFactAttribute.GivenCluster is null
                ? new(ClusterKind.LocalControlPlane, "the end-to-end tests bring their own")
                : new(ClusterKind.Given, $"{ClusterSelection.KubeconfigVariable} names it"),
            Nodes = new()
            {
                Nodes = [.. FakeNode.Default, .. ScarceNodes],
                AutoscalerInterval = TimeSpan.FromSeconds(1),
                FirstCrashBackOff = TimeSpan.FromMilliseconds(500),
                LongestCrashBackOff = TimeSpan.FromSeconds(3),
                LongestProbePeriod = TimeSpan.FromMilliseconds(500),
            },
        });
        Client = new KubernetesClient(KubernetesClientConfiguration.Load(Cluster.KubeconfigPath));
        Kubectl = new Kubectl(Cluster.KubeconfigPath);
        Installation = await Installation.InstallAsync(Kubectl, Client, TimeProvider.System, CancellationToken.None);
        if (Cluster.Selection.HasOwnNodes)
            await RequireReachableAsync(Installation.GatewayAdmins[0]);
    }

    public async Task DisposeAsync()
    {
        Client?.Dispose();
        if (Cluster is null)
            return;
        var refused = Refusals();
        // Files and objects of a cluster that is not ours are somebody else's.
        IReadOnlyList<string> leaks = Cluster.Nodes is null ? [] : await SecretSearch.FindAsync(Cluster, Planted, [], CancellationToken.None);
        await Cluster.DisposeAsync();
        Assert.True(leaks.Count == 0, $"a secret is in {string.Join(", ", leaks)}");
        Assert.True(refused.Count == 0, $"config/rbac does not let the product do what it wants:\n{string.Join("\n", refused.Take(10))}");
    }

    /// <summary>Users of the tests send their requests to pods, and so do faults.</summary>
    private static async Task RequireReachableAsync(Uri pod)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };
        try
        {
            using var answer = await http.GetAsync(new Uri(pod, "/healthz"));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            throw new InvalidOperationException($"the pods of this cluster cannot be reached from here ({pod}): run the tests in its network, or take CLUSTER=kind", e);
        }
    }

    /// <summary>What the API server did not let operator and gateway do, by their logs: <c>User "system:serviceaccount:…" cannot list resource …</c>.</summary>
    internal List<string> Refusals() => Cluster.Nodes is not { } nodes
        // Logs are kept by simulated nodes alone.
        ? []
        : [.. Directory.EnumerateFiles(Path.Combine(nodes.DataDirectory, "pods"), "*.log", SearchOption.AllDirectories)
            .Where(file => file.Contains($"{Path.DirectorySeparatorChar}{Installation.Namespace}_", StringComparison.Ordinal))
            .SelectMany(file => SecretSearch.Text(file).Split('\n'))
            .Where(line => line.Contains($"system:serviceaccount:{Installation.Namespace}", StringComparison.Ordinal) && line.Contains(" cannot ", StringComparison.Ordinal))];

    /// <summary>A namespace with the samples' questions, gate and prompt, and one release that serves.</summary>
    internal async Task<Scene> ServeAsync(string firstRelease, CancellationToken ct)
    {
        var ns = await NamespaceAsync(ct);
        await Kubectl.ApplyAsync(Samples.Root, ns, ct);
        await Kubectl.ApplyAsync(firstRelease, ns, ct);
        var recorder = new DeploymentRecorder(Client, ns, Samples.Deployment, TimeProvider.System);
        await recorder.WaitAsync("the first release to serve on all of its pods", s => s.Stable is { ReadyReplicas: > 0 } stable && stable.ReadyReplicas == stable.Replicas, Patience, ct);
        return new(this, ns, recorder);
    }

    /// <summary>The same with a release of a test's own.</summary>
    internal async Task<Scene> ServeAsync(Wanted first, CancellationToken ct) => await ServeAsync(await first.SaveAsync(ct), ct);

    internal async Task<string> NamespaceAsync(CancellationToken ct)
    {
        var name = $"e2e-{Guid.NewGuid():N}"[..12];
        await Client.CreateAsync(new Namespace { Metadata = new() { Name = name } }, ct);
        return name;
    }
}

/// <summary>Tests of the product share one cluster and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ProductCollection : ICollectionFixture<ProductFixture>
{
    public const string Name = "product";
}
