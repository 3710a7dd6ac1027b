using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Nodes;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

/// <summary>One real API server with simulated nodes for all tests of the simulator; each test has a namespace of its own.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private ControlPlane plane = null!;

    internal KubernetesClient Client { get; private set; } = null!;

    internal NodeSimulator Nodes { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        plane = await ControlPlane.StartAsync();
        var configuration = KubernetesClientConfiguration.Load(plane.KubeconfigPath);
        Client = new KubernetesClient(configuration);
        Nodes = await NodeSimulator.StartAsync(configuration, new()
        {
            Images = ImageCatalog.Empty.With("test/server", ImageCatalog.Built("LocalCluster", "serve")),
            AutoscalerInterval = TimeSpan.FromMilliseconds(250),
            FirstCrashBackOff = TimeSpan.FromMilliseconds(300),
            LongestCrashBackOff = TimeSpan.FromSeconds(2),
            LongestProbePeriod = TimeSpan.FromMilliseconds(100),
        });
    }

    public async Task DisposeAsync()
    {
        await Nodes.DisposeAsync();
        Client.Dispose();
        await plane.DisposeAsync();
    }

    /// <summary>A fresh namespace that has its default service account.</summary>
    internal async Task<string> NamespaceAsync(CancellationToken ct = default)
    {
        var name = $"t-{Guid.NewGuid():N}"[..12];
        await Client.CreateAsync(new Namespace { Metadata = new() { Name = name } }, ct);
        await Eventually.TrueAsync(async c => await Client.GetAsync<ServiceAccount>(new(name, "default"), c) is not null, Patience, () => "the default service account", ct);
        return name;
    }

    /// <summary>Waits until the pods of the namespace are as wanted; tells their states when they never are.</summary>
    internal async Task<IReadOnlyList<Pod>> PodsWhenAsync(string ns, Func<IReadOnlyList<Pod>, bool> wanted)
    {
        IReadOnlyList<Pod> pods = [];
        await Eventually.TrueAsync(
            async ct => wanted(pods = (await Client.ListAsync<Pod>(ns, null, ct)).Items), Patience,
            () => string.Join("; ", pods.Select(pod => $"{pod.Metadata.Name} {pod.Spec?.NodeName} {pod.Status}")));
        return pods;
    }

    internal static bool Ready(Pod pod) => pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    /// <summary>A Deployment of the tiny server.</summary>
    internal static Deployment Server(string ns, string name, int replicas, Func<Container, Container>? change = null) => new()
    {
        Metadata = new() { Name = name, Namespace = ns },
        Spec = new()
        {
            Replicas = replicas,
            Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
            Template = new()
            {
                Metadata = new() { Labels = new Dictionary<string, string> { ["app"] = name } },
                Spec = new() { TerminationGracePeriodSeconds = 5, Containers = [(change ?? (container => container))(ServerContainer)] },
            },
        },
    };

    internal static Container ServerContainer { get; } = new()
    {
        Name = "server",
        Image = "test/server:1",
        Args = ["--port", "8080"],
        Ports = [new() { Name = "http", Number = 8080 }],
        ReadinessProbe = new() { HttpGet = new() { Path = "/health", Port = "http" }, PeriodSeconds = 1 },
    };
}
