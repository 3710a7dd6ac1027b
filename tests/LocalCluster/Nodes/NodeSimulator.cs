using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Nodes.Autoscaling;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.LocalCluster.Nodes.Networking;
using LlmOps.LocalCluster.Nodes.Scheduling;
using LlmOps.LocalCluster.Nodes.Workloads;
using Microsoft.Extensions.Logging;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>
/// Plays the rest of a cluster over an API server that has none: the Deployment, ReplicaSet, Job, EndpointSlice and
/// horizontal autoscaler controllers, the scheduler, and the kubelets of fake GPU nodes whose pods are real local
/// processes on loopback addresses of their own.
/// <para>
/// What differs from containers: no namespaces of any kind. Processes bind to <c>LLMOPS_BIND_ADDRESS</c>, reach Services
/// through <c>HTTP_PROXY</c>, find their token at <c>LLMOPS_SERVICE_ACCOUNT_PATH</c>, and mount paths in arguments and
/// variables are replaced by the folders that hold the volumes.
/// </para>
/// <para>Guarantees: no process outlives this object, nor this process. RBAC: it is an administrator.</para>
/// </summary>
public sealed class NodeSimulator : IAsyncDisposable
{
    private readonly KubernetesClient client;
    private readonly NodeSimulatorOptions options;
    private readonly ClusterView view;
    private readonly PodAddresses addresses;
    private readonly ServiceProxy proxy;
    private readonly NodeAgent agent;
    private readonly HorizontalAutoscaler autoscaler;
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> running = [];
    private readonly List<IDisposable> queues = [];

    private NodeSimulator(KubernetesClient client, NodeSimulatorOptions options, string data, ClusterView view, PodAddresses addresses, ServiceProxy proxy, TimeProvider time)
    {
        (this.client, this.options, this.view, this.addresses, this.proxy, DataDirectory) = (client, options, view, addresses, proxy, data);
        var logger = options.Logging.CreateLogger("NodeSimulator");
        agent = new(new()
        {
            Client = client,
            Options = options,
            DataDirectory = data,
            Addresses = addresses,
            ServiceProxy = proxy.Address,
            Logger = logger,
            Time = time,
        });
        autoscaler = new(client, view, options, time);
        Failures = new(agent, view.Pods.Store.Get);
        AddControllers(logger, time);
        view.Pods.Changed += agent.Observe;
    }

    /// <summary>Holds <c>pods/NAMESPACE_NAME/CONTAINER.log</c> and the pods' volumes.</summary>
    public string DataDirectory { get; }

    /// <summary>The HTTP proxy through which pods (and tests) reach Services by name.</summary>
    public Uri ServiceProxy => proxy.Address;

    public PodFailures Failures { get; }

    /// <summary>Creates the nodes and starts all controllers; returns when the caches are filled.</summary>
    /// <exception cref="KubernetesException">The API server does not answer or refuses.</exception>
    public static async Task<NodeSimulator> StartAsync(KubernetesClientConfiguration configuration, NodeSimulatorOptions? options = null, CancellationToken ct = default)
    {
        options ??= new();
        var time = TimeProvider.System;
        var client = new KubernetesClient(configuration with { FieldManager = "node-simulator" }, time);
        var view = new ClusterView(client, options.Logging.CreateLogger("NodeSimulator.Informers"), time);
        var addresses = new PodAddresses();
        var proxy = await Networking.ServiceProxy.StartAsync(new ServiceDirectory(view), addresses.HostAddress, ct);
        var data = options.DataDirectory is { } given ? Directory.CreateDirectory(given).FullName : Workspace.CreateRunDirectory("nodes");
        var simulator = new NodeSimulator(client, options, data, view, addresses, proxy, time);
        try
        {
            await FakeNodes.CreateAsync(client, options.Nodes, addresses.HostAddress.ToString(), time, ct);
            simulator.running.Add(view.RunAsync(simulator.stopping.Token));
            await view.WaitForSyncAsync(ct);
            return simulator;
        }
        catch
        {
            await simulator.DisposeAsync();
            throw;
        }
    }

    /// <summary>The log of a container; empty where it has not started.</summary>
    public string Log(string ns, string pod, string container)
    {
        var path = Path.Combine(DataDirectory, "pods", $"{ns}_{pod}", $"{container}.log");
        return File.Exists(path) ? File.ReadAllText(path) : string.Empty;
    }

    public async ValueTask DisposeAsync()
    {
        view.Pods.Changed -= agent.Observe;
        await stopping.CancelAsync();
        await agent.DisposeAsync();
        await Task.WhenAll(running);
        await FakeNodes.DeleteAsync(client, options.Nodes);
        queues.ForEach(queue => queue.Dispose());
        await proxy.DisposeAsync();
        autoscaler.Dispose();
        view.Dispose();
        addresses.Dispose();
        client.Dispose();
        stopping.Dispose();
        if (options.DataDirectory is null)
            Workspace.TryDelete(DataDirectory);
    }

    private void AddControllers(ILogger logger, TimeProvider time)
    {
        var deployments = Add<ObjectKey>("deployment", new DeploymentController(client, view, time).ReconcileAsync, 4, logger, time);
        var replicaSets = Add<ObjectKey>("replicaset", new ReplicaSetController(client, view).ReconcileAsync, 4, logger, time);
        var jobs = Add<ObjectKey>("job", new JobController(client, view, options, time).ReconcileAsync, 2, logger, time);
        var slices = Add<ObjectKey>("endpointslice", new EndpointSliceController(client, view).ReconcileAsync, 2, logger, time);
        var autoscalers = Add<ObjectKey>("horizontal-pod-autoscaler", autoscaler.ReconcileAsync, 2, logger, time);
        var scheduler = new Scheduler(client, view, time);
        var schedule = Add<string>("scheduler", (_, ct) => scheduler.ReconcileAsync(ct), 1, logger, time);

        Follow(view.Deployments, deployments);
        Follow(view.ReplicaSets, replicaSets);
        Follow(view.Jobs, jobs);
        Follow(view.Services, slices);
        Follow(view.Autoscalers, autoscalers);
        view.Nodes.Changed += (_, _) => schedule.Add("all");
        view.ReplicaSets.Changed += (before, after) => EnqueueOwner((after ?? before)!.Metadata, "Deployment", deployments);
        view.EndpointSlices.Changed += (before, after) => EnqueueService((after ?? before)!, slices);
        view.Pods.Changed += (before, after) =>
        {
            var pod = (after ?? before)!;
            EnqueueOwner(pod.Metadata, "ReplicaSet", replicaSets);
            EnqueueOwner(pod.Metadata, "Job", jobs);
            schedule.Add("all");
            foreach (var service in view.Services.Store.List())
            {
                if (service.Metadata.Namespace == pod.Metadata.Namespace && (Labels.Match(service.Spec?.Selector, after?.Metadata.Labels) || Labels.Match(service.Spec?.Selector, before?.Metadata.Labels)))
                    slices.Add(service.Key());
            }
        };

        // Recreate waits for the last old pod, which its ReplicaSet no longer counts.
        view.Pods.Changed += (before, after) =>
        {
            if (after is null && before!.Metadata.ControllerOf("ReplicaSet") is { } owner && view.ReplicaSets.Store.Get(new(before.Metadata.Namespace!, owner.Name)) is { } set)
                EnqueueOwner(set.Metadata, "Deployment", deployments);
        };
    }

    private WorkQueue<TKey> Add<TKey>(string name, Func<TKey, CancellationToken, Task<ReconcileResult>> reconcile, int workers, ILogger logger, TimeProvider time)
        where TKey : notnull
    {
        var queue = new WorkQueue<TKey>(new() { Name = name, LongestBackoff = TimeSpan.FromSeconds(2) }, time);
        queues.Add(queue);
        running.Add(new Controller<TKey>(name, reconcile, workers, queue, logger, time).RunAsync(stopping.Token));
        return queue;
    }

    private static void Follow<T>(Informer<T> informer, WorkQueue<ObjectKey> queue)
        where T : class, IResource<T> => informer.Changed += (before, after) => queue.Add((after ?? before)!.Key());

    private static void EnqueueOwner(ObjectMeta metadata, string kind, WorkQueue<ObjectKey> queue)
    {
        if (metadata.ControllerOf(kind) is { } owner)
            queue.Add(new(metadata.Namespace!, owner.Name));
    }

    private static void EnqueueService(EndpointSlice slice, WorkQueue<ObjectKey> queue)
    {
        if (slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) is { } service)
            queue.Add(new(slice.Metadata.Namespace!, service));
    }
}
