using LlmOps.Demo.Cluster;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.EndToEnd.Product;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Clusters;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.Testing;

namespace LlmOps.EndToEnd.Install;

/// <summary>A cluster of its own with nothing on it, and helm.</summary>
internal sealed class HelmBed : IAsyncDisposable
{
    public const string Release = "llmops";
    public const string Namespace = "llmops-system";

    private readonly TestCluster cluster;

    private HelmBed(TestCluster cluster)
    {
        this.cluster = cluster;
        Client = new KubernetesClient(KubernetesClientConfiguration.Load(cluster.KubeconfigPath));
        Kubectl = new Kubectl(cluster.KubeconfigPath);
        Helm = new Helm(cluster.KubeconfigPath);
    }

    public KubernetesClient Client { get; }

    public Kubectl Kubectl { get; }

    public Helm Helm { get; }

    public string KubeconfigPath => cluster.KubeconfigPath;

    /// <param name="ct">Cancels the start.</param>
    /// <param name="images">Programs of images. Default: those of this checkout, whatever the tag.</param>
    public static async Task<HelmBed> StartAsync(CancellationToken ct, ImageCatalog? images = null) => new(await TestCluster.StartAsync(
        new()
        {
            Selection = new(ClusterKind.LocalControlPlane, "the end-to-end tests bring their own"),
            Nodes = new()
            {
                Images = images ?? ImageCatalog.Default,
                FirstCrashBackOff = TimeSpan.FromMilliseconds(500),
                LongestCrashBackOff = TimeSpan.FromSeconds(3),
                LongestProbePeriod = TimeSpan.FromMilliseconds(500),
            },
        },
        ct: ct));

    /// <summary>Installs or upgrades, and waits until the pods of that revision are ready and those before are gone.</summary>
    public async Task UpgradeAsync(string chart, CancellationToken ct, params string[] arguments)
    {
        await Helm.RunAsync(ct, ["upgrade", Release, chart, "--install", "--namespace", Namespace, "--create-namespace", "--wait", "--timeout", "3m", .. arguments]);
        await RolledOutAsync(ct);
    }

    public async Task RolledOutAsync(CancellationToken ct)
    {
        foreach (var deployment in new[] { "llmops-operator", "llmops-gateway" })
            await Eventually.TrueAsync(
                async c => (await Kubectl.RunAsync(c, "-n", Namespace, "rollout", "status", $"deployment/{deployment}", "--timeout=20s")).Contains("successfully rolled out", StringComparison.Ordinal), ProductFixture.Patience, () => $"{deployment} is rolled out", ct);
    }

    /// <summary>The samples' questions, gate and prompt in a namespace of its own.</summary>
    public async Task NamespaceAsync(string name, CancellationToken ct, string? samples = null)
    {
        await Client.CreateAsync(new Namespace { Metadata = new() { Name = name } }, ct);
        await Kubectl.ApplyAsync(samples ?? Samples.Root, name, ct);
    }

    public async Task ApplyAsync(Wanted wanted, string ns, CancellationToken ct) => await Kubectl.ApplyAsync(await wanted.SaveAsync(ct), ns, ct);

    /// <summary>Users who know the gateway by the name of its Service, whichever pods are behind it.</summary>
    public LoadClient Users(string ns, double requestsPerSecond) => LoadClient.Start(
        [new Uri($"http://llmops-gateway.{Namespace}.svc:8000")], $"{ns}/{Samples.Deployment}", Samples.Questions, requestsPerSecond, TimeProvider.System, cluster.Nodes!.ServiceProxy);

    /// <summary>Approves as a person does.</summary>
    public async Task ApproveAsync(string ns, string release, CancellationToken ct)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, "action.yaml");
        await File.WriteAllTextAsync(
            file,
            $$"""
            apiVersion: llmops.dev/v1alpha1
            kind: RolloutAction
            metadata: {generateName: approve-}
            spec: {deployment: {{Samples.Deployment}}, action: Approve, release: "{{release}}", requestedBy: alice}
            """,
            ct);
        await Kubectl.RunAsync(ct, "-n", ns, "create", "-f", file);
    }

    /// <summary>Images of the pods that are there.</summary>
    public async Task<string[]> ImagesAsync(CancellationToken ct) => [.. (await Client.ListAsync<Pod>(Namespace, ct: ct)).Items.Select(pod => pod.Spec!.Containers[0].Image!).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What the API server did not let operator and gateway do, by their logs.</summary>
    public IReadOnlyList<string> Refusals() =>
        [.. Directory.EnumerateFiles(Path.Combine(cluster.Nodes!.DataDirectory, "pods"), "*.log", SearchOption.AllDirectories)
            .Where(file => file.Contains($"{Path.DirectorySeparatorChar}{Namespace}_", StringComparison.Ordinal))
            .SelectMany(file => SecretSearch.Text(file).Split('\n'))
            .Where(line => line.Contains($"system:serviceaccount:{Namespace}", StringComparison.Ordinal) && line.Contains(" cannot ", StringComparison.Ordinal))];

    /// <summary>Waits until nothing of the release's pods is left.</summary>
    public Task GoneAsync(CancellationToken ct) =>
        Eventually.TrueAsync(async c => (await Client.ListAsync<Pod>(Namespace, ct: c)).Items.Count == 0, ProductFixture.Patience, () => "the pods of the release are gone", ct);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await cluster.DisposeAsync();
    }
}
