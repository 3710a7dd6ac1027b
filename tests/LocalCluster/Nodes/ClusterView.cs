using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>The informers that all controllers of the simulator share.</summary>
internal sealed class ClusterView(KubernetesClient client, ILogger logger, TimeProvider time) : IDisposable
{
    public Informer<Node> Nodes { get; } = new(client, new(), logger, time);

    public Informer<Pod> Pods { get; } = new(client, new(), logger, time);

    public Informer<Deployment> Deployments { get; } = new(client, new(), logger, time);

    public Informer<ReplicaSet> ReplicaSets { get; } = new(client, new(), logger, time);

    public Informer<Job> Jobs { get; } = new(client, new(), logger, time);

    public Informer<Service> Services { get; } = new(client, new(), logger, time);

    public Informer<EndpointSlice> EndpointSlices { get; } = new(client, new(), logger, time);

    public Informer<HorizontalPodAutoscaler> Autoscalers { get; } = new(client, new(), logger, time);

    /// <summary>Runs all informers until cancelled.</summary>
    public Task RunAsync(CancellationToken ct) => Task.WhenAll(
        Nodes.RunAsync(ct), Pods.RunAsync(ct), Deployments.RunAsync(ct), ReplicaSets.RunAsync(ct),
        Jobs.RunAsync(ct), Services.RunAsync(ct), EndpointSlices.RunAsync(ct), Autoscalers.RunAsync(ct));

    public Task WaitForSyncAsync(CancellationToken ct) => Task.WhenAll(
        Nodes.WaitForSyncAsync(ct), Pods.WaitForSyncAsync(ct), Deployments.WaitForSyncAsync(ct), ReplicaSets.WaitForSyncAsync(ct),
        Jobs.WaitForSyncAsync(ct), Services.WaitForSyncAsync(ct), EndpointSlices.WaitForSyncAsync(ct), Autoscalers.WaitForSyncAsync(ct));

    public void Dispose()
    {
        Nodes.Dispose();
        Pods.Dispose();
        Deployments.Dispose();
        ReplicaSets.Dispose();
        Jobs.Dispose();
        Services.Dispose();
        EndpointSlices.Dispose();
        Autoscalers.Dispose();
    }
}
