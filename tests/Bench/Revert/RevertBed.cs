using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Clusters;

namespace LlmOps.Bench.Revert;

/// <summary>The product on the local cluster, installed as a user would, with one deployment that serves and users on it.</summary>
internal sealed class RevertBed : IAsyncDisposable
{
    /// <summary>Ratio of slow first tokens that is not held against the candidate: it is broken by errors, and a loaded machine must not revert it before.</summary>
    public const double TtftTolerance = 10;

    private const string Namespace = "default";
    private const string Name = "bench";
    private const int RequestsPerSecond = 50;
    private static readonly TimeSpan ServesWithin = TimeSpan.FromMinutes(1);
    private readonly TestCluster cluster;
    private readonly KubernetesClient client;

    private RevertBed(TestCluster cluster, TimeProvider time)
    {
        this.cluster = cluster;
        client = new(KubernetesClientConfiguration.Load(cluster.KubeconfigPath));
        Recorder = new(client, Namespace, Name, time);
    }

    public DeploymentRecorder Recorder { get; }

    public LoadClient Load { get; private set; } = null!;

    public IReadOnlyList<Uri> GatewayAdmins { get; private set; } = [];

    public static async Task<RevertBed> StartAsync(BenchContext context, CancellationToken ct)
    {
        var cluster = await TestCluster.StartAsync(
            new() { Selection = new(ClusterKind.LocalControlPlane, "the bench brings its own"), Nodes = new() { LongestProbePeriod = TimeSpan.FromSeconds(0.5) } },
            context.Say,
            ct);
        var bed = new RevertBed(cluster, context.Time);
        try
        {
            await bed.InstallAsync(context, ct);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes a spec whose serving hash is another one for each number. The candidate gets a quarter of the requests for as long as it is allowed to.</summary>
    public Task ApplyAsync(int number, CancellationToken ct) => client.ApplyAsync(
        new LlmDeployment
        {
            Metadata = new() { Name = Name, Namespace = Namespace },
            Spec = new()
            {
                Model = new() { Source = "hf://acme/support-7b", Revision = "v2" },
                Engine = new() { Type = EngineTypes.VLlm, Env = [new() { Name = "BENCH_RELEASE", Value = $"{number}" }] },
                Resources = new() { Gpu = new() { Count = 1 } },
                Prompt = new() { Name = "support-1.0.0" },
                Replicas = 1,
                Rollout = new()
                {
                    Steps = [new() { Weight = 25, Hold = new(TimeSpan.FromMinutes(10)), MinRequests = 0 }],
                    Analysis = new() { Tolerance = new() { Ttft = TtftTolerance } },
                    ScaleDownDelay = new(TimeSpan.FromSeconds(3)),
                },
                Traffic = new() { Stickiness = "session" },
            },
        },
        "llmops-bench",
        ct: ct);

    /// <summary>Addresses of the pods of one serving hash.</summary>
    public IReadOnlyList<Uri> Pods(string servingHash) =>
    [
        .. from pod in Recorder.Pods
           where pod.Metadata.Labels?.GetValueOrDefault(Labels.Serving) == servingHash && pod.Status?.PodIP is not null
           select new Uri($"http://{pod.Status!.PodIP}:8000"),
    ];

    public async ValueTask DisposeAsync()
    {
        if (Load is not null)
            await Load.DisposeAsync();
        await Recorder.DisposeAsync();
        client.Dispose();
        await cluster.DisposeAsync();
    }

    private async Task InstallAsync(BenchContext context, CancellationToken ct)
    {
        var kubectl = new Kubectl(cluster.KubeconfigPath);
        context.Say("revert: installing operator and gateways");
        var installation = await Installation.InstallAsync(kubectl, client, context.Time, ct);
        GatewayAdmins = installation.GatewayAdmins;
        await kubectl.ApplyAsync(Samples.Demo("prompt-1.0.0.yaml"), Namespace, ct);
        await ApplyAsync(0, ct);
        await Recorder.WaitAsync("the first release to serve", status => status.Stable is { ReadyReplicas: > 0 }, ServesWithin, ct);
        Load = LoadClient.Start(installation.Gateways, Name, Samples.Questions, RequestsPerSecond, context.Time);
        context.Say($"revert: {RequestsPerSecond} requests/s from now on");
    }
}
