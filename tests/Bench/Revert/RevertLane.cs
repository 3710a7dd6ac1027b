using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;

namespace LlmOps.Bench.Revert;

/// <summary>One deployment that serves, and its users.</summary>
internal sealed class RevertLane(KubernetesClient client, string name, TimeProvider time) : IAsyncDisposable
{
    public const string Namespace = "default";

    /// <summary>Slowness is not held against the candidate: it is broken by errors, and a loaded machine must not revert it before.</summary>
    public static readonly ToleranceSpec Tolerance = new() { Ttft = 10, TimePerOutputToken = 10 };

    private static readonly TimeSpan ServesWithin = TimeSpan.FromMinutes(2);

    public DeploymentRecorder Recorder { get; } = new(client, Namespace, name, time);

    public LoadClient Load { get; private set; } = null!;

    /// <summary>Brings the first release up, then lets users in.</summary>
    public async Task ServeAsync(IReadOnlyList<Uri> gateways, double requestsPerSecond, CancellationToken ct)
    {
        await ApplyAsync(0, ct);
        await Recorder.WaitAsync("the first release to serve", status => status.Stable is { ReadyReplicas: > 0 }, ServesWithin, ct);
        Load = LoadClient.Start(gateways, name, Samples.Questions, requestsPerSecond, time);
    }

    /// <summary>Writes a spec whose serving hash is another one for each number. The candidate gets half of the requests for as long as it is allowed to.</summary>
    public Task ApplyAsync(int number, CancellationToken ct) => client.ApplyAsync(
        new LlmDeployment
        {
            Metadata = new() { Name = name, Namespace = Namespace },
            Spec = new()
            {
                Model = new() { Source = "hf://acme/support-7b", Revision = "v2" },
                Engine = new() { Type = EngineTypes.VLlm, Env = [new() { Name = "BENCH_RELEASE", Value = $"{number}" }] },
                Resources = new() { Gpu = new() { Count = 1 } },
                Prompt = new() { Name = "support-1.0.0" },
                Replicas = 1,
                Rollout = new()
                {
                    Steps = [new() { Weight = RevertPart.Weight, Hold = new(TimeSpan.FromMinutes(10)), MinRequests = 0 }],
                    Analysis = new() { Tolerance = Tolerance },
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

    public override string ToString() => name;

    public async ValueTask DisposeAsync()
    {
        if (Load is not null)
            await Load.DisposeAsync();
        await Recorder.DisposeAsync();
    }
}
