using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.Bench.Scale;

/// <summary>
/// Plays Deployment and EndpointSlice controllers, scheduler and kubelets for the operator's Deployments by writing their pods, bound and ready, and the slice of their
/// Service, and nothing else: no process runs, and no ReplicaSet is made, which the operator does not read.
/// </summary>
internal sealed class FakeKubelets : IDisposable
{
    private const int Workers = 12;

    private readonly KubernetesClient client;
    private readonly string podAddress;
    private readonly TimeProvider time;
    private readonly Informer<Deployment> deployments;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly ConcurrentQueue<string> freeGpus;
    private readonly ConcurrentDictionary<ObjectKey, List<Pod>> pods = new();
    private readonly ConcurrentDictionary<ObjectKey, int> listed = new();

    /// <param name="client">Writes the pods.</param>
    /// <param name="podAddress">Address of every pod.</param>
    /// <param name="nodes">Nodes with GPUs.</param>
    /// <param name="time">Clock.</param>
    public FakeKubelets(KubernetesClient client, string podAddress, int nodes, TimeProvider time)
    {
        (this.client, this.podAddress, this.time) = (client, podAddress, time);
        queue = new(new() { Name = "kubelets" }, time);
        deployments = new(client, new() { LabelSelector = $"{Labels.ManagedBy}={Labels.ManagedByValue}" }, NullLogger.Instance, time);
        deployments.Changed += (before, after) => queue.Add((after ?? before!).Key());
        freeGpus = new(Enumerable.Range(0, nodes * ScaleObjects.GpusPerNode).Select(i => ScaleObjects.Node(i % nodes).Metadata.Name!));
    }

    /// <summary>Takes over the pods and slices of an earlier run. Before it runs.</summary>
    public async Task RememberAsync(CancellationToken ct)
    {
        var known = (await client.ListAsync<Pod>(options: new() { LabelSelector = $"{Labels.ManagedBy}={Labels.ManagedByValue}" }, ct: ct)).Items;
        foreach (var pod in known.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
            pods.GetOrAdd(new(pod.Metadata.Namespace!, pod.Metadata.OwnerReferences![0].Name), _ => []).Add(pod);
        foreach (var slice in (await client.ListAsync<EndpointSlice>(options: new() { LabelSelector = $"{Labels.ManagedBy}={Labels.ManagedByValue}" }, ct: ct)).Items)
            listed[slice.Key()] = slice.Endpoints.Count;
        var taken = known.CountBy(pod => pod.Spec!.NodeName!).ToDictionary(StringComparer.Ordinal);
        for (var left = freeGpus.Count; left > 0 && freeGpus.TryDequeue(out var node); left--)
        {
            if (taken.GetValueOrDefault(node) is > 0 and var count)
                taken[node] = count - 1;
            else
                freeGpus.Enqueue(node);
        }
    }

    public Task RunAsync(CancellationToken ct) => Task.WhenAll(
        deployments.RunAsync(ct), new Controller<ObjectKey>("kubelets", ReconcileAsync, Workers, queue, NullLogger.Instance, time).RunAsync(ct));

    public void Dispose()
    {
        deployments.Dispose();
        queue.Dispose();
    }

    private async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        var own = pods.GetOrAdd(key, _ => []);
        var deployment = deployments.Store.Get(key);
        var wanted = deployment?.Spec?.Replicas ?? 0;
        while (own.Count < wanted)
            own.Add(await StartAsync(deployment!, own.Count, ct));
        while (own.Count > wanted)
        {
            var pod = own[^1];
            await client.DeleteAsync<Pod>(pod.Key(), new() { GracePeriodSeconds = 0 }, ct);
            freeGpus.Enqueue(pod.Spec!.NodeName!);
            own.RemoveAt(own.Count - 1);
        }

        if (deployment is null)
        {
            if (listed.TryRemove(key, out _))
                await client.DeleteAsync<EndpointSlice>(key, ct: ct);
        }
        else if (!listed.TryGetValue(key, out var count) || count != own.Count)
        {
            await client.ApplyAsync(Slice(deployment, own), "kubelets", ct: ct);
            listed[key] = own.Count;
        }

        return ReconcileResult.Done;
    }

    private async Task<Pod> StartAsync(Deployment deployment, int number, CancellationToken ct)
    {
        if (!freeGpus.TryDequeue(out var node))
            throw new InvalidOperationException("no GPU is free: the operator asked for more than there are");
        var pod = await CreateAsync(deployment, $"{deployment.Metadata.Name}-{number}", node, ct);
        // Somebody else may write to the pod meanwhile.
        return await client.ApplyStatusAsync(new Pod { Metadata = new() { Name = pod.Metadata.Name, Namespace = pod.Metadata.Namespace }, Status = Running(pod) }, "kubelets", ct: ct);
    }

    /// <summary>Creates a pod, or finds the one that an earlier attempt created.</summary>
    private async Task<Pod> CreateAsync(Deployment deployment, string name, string node, CancellationToken ct)
    {
        var template = deployment.Spec!.Template!;
        var pod = new Pod
        {
            Metadata = new()
            {
                Name = name,
                Namespace = deployment.Metadata.Namespace,
                Labels = template.Metadata?.Labels,
                Annotations = template.Metadata?.Annotations,
                OwnerReferences = [deployment.ControllerReference()],
            },
            Spec = template.Spec! with { NodeName = node },
        };
        try
        {
            return await client.CreateAsync(pod, ct);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            freeGpus.Enqueue(node);
            return await client.GetAsync<Pod>(pod.Key(), ct) ?? throw new InvalidOperationException($"pod {pod.Key()} was there, and is gone");
        }
    }

    /// <summary>The Service of a release has the name and the labels of its Deployment.</summary>
    private EndpointSlice Slice(Deployment deployment, IReadOnlyList<Pod> own) => new()
    {
        Metadata = new()
        {
            Name = deployment.Metadata.Name,
            Namespace = deployment.Metadata.Namespace,
            Labels = new Dictionary<string, string>(deployment.Metadata.Labels!) { [EndpointSlice.ServiceNameLabel] = deployment.Metadata.Name! },
        },
        Endpoints =
        [
            .. own.Select(pod => new Endpoint
            {
                Addresses = [podAddress],
                Conditions = new() { Ready = true },
                NodeName = pod.Spec?.NodeName,
                TargetRef = new() { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            }),
        ],
        Ports = [new EndpointPort { Name = "http", Port = 8000, Protocol = "TCP" }],
    };

    private PodStatus Running(Pod pod)
    {
        var now = time.GetUtcNow();
        return new()
        {
            Phase = "Running",
            PodIP = podAddress,
            HostIP = "10.0.0.1",
            StartTime = now,
            Conditions = [.. new[] { "PodScheduled", "Initialized", "ContainersReady", "Ready" }.Select(type => new PodCondition { Type = type, Status = "True", LastTransitionTime = now })],
            ContainerStatuses =
            [
                .. pod.Spec!.Containers.Select(container => new ContainerStatus
                {
                    Name = container.Name,
                    Ready = true,
                    Started = true,
                    Image = container.Image,
                    ImageID = $"{container.Image}@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                    State = new() { Running = new() { StartedAt = now } },
                }),
            ],
        };
    }
}
