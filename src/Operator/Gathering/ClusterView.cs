using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Traffic;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Copies of everything that the operator reads, kept by watches. Objects that it owns are cached by their label only, and of other pods nothing but node and requests, so a large cluster costs little memory.
/// RBAC: <c>list</c> and <c>watch</c> on each kind here, in the served namespaces; on nodes and pods in all of them, and on EndpointSlices in that of the gateways.
/// </summary>
internal sealed class ClusterView : IDisposable
{
    private readonly List<IWatchedKind> kinds = [];
    private readonly KubernetesClient client;
    private readonly IReadOnlyCollection<string> served;
    private readonly ILogger logger;
    private readonly TimeProvider time;

    /// <param name="client">Reads and watches.</param>
    /// <param name="namespaces">Only these namespaces; none for all.</param>
    /// <param name="gatewayService">Service of the gateways that are asked for evidence.</param>
    /// <param name="namespaceSelector">Label selector of the namespaces that are served; null for all of them.</param>
    /// <param name="logger">Of the informers.</param>
    /// <param name="time">Clock of the informers.</param>
    public ClusterView(KubernetesClient client, IReadOnlyCollection<string> namespaces, ObjectKey gatewayService, string? namespaceSelector, ILogger logger, TimeProvider time)
    {
        (this.client, served, this.logger, this.time) = (client, namespaces, logger, time);
        var all = new InformerOptions { StreamLists = true };
        var owned = all with { LabelSelector = $"{Labels.ManagedBy}={Labels.ManagedByValue}" };

        LlmDeployments = Watch<LlmDeployment>(all)
            .IndexedBy(Indexes.Deployment, deployment => [Indexes.OfDeployment(deployment.Key())])
            .IndexedBy(Indexes.Prompt, Indexes.PromptsOf)
            .IndexedBy(Indexes.Gate, Indexes.GatesOf)
            .IndexedBy(Indexes.WaitsForRoom, Indexes.WaitingForRoom)
            .IndexedBy(Indexes.Route, Indexes.RouteOf);
        PromptVersions = Watch<PromptVersion>(all);
        EvalGates = Watch<EvalGate>(all)
            .IndexedBy(Indexes.Judge, Indexes.JudgesOf)
            .IndexedBy(Indexes.Prompt, Indexes.PromptsOf);
        EvalRuns = Watch<EvalRun>(all)
            .IndexedBy(Indexes.Deployment, run => Indexes.ByLabel(run.Metadata, Labels.Deployment))
            .IndexedBy(Indexes.Gate, run => [Indexes.Value(run.Metadata.Namespace, run.Spec.Gate)]);

        RolloutActions = Watch<RolloutAction>(all).IndexedBy(Indexes.Deployment, action => [Indexes.OfDeployment(Indexes.DeploymentOf(action))]);

        Deployments = Watch<Deployment>(owned, Slim.Of).IndexedBy(Indexes.Deployment, obj => Indexes.ByLabel(obj.Metadata, Labels.Deployment));
        Services = Watch<Service>(owned).IndexedBy(Indexes.Deployment, obj => Indexes.ByLabel(obj.Metadata, Labels.Deployment));
        Revisions = Watch<ControllerRevision>(owned, Slim.Of).IndexedBy(Indexes.Deployment, obj => Indexes.ByLabel(obj.Metadata, Labels.Deployment));
        Autoscalers = Watch<HorizontalPodAutoscaler>(owned);
        DisruptionBudgets = Watch<PodDisruptionBudget>(owned);
        Jobs = Watch<Job>(owned);
        ConfigMaps = Watch<ConfigMap>(owned);
        Pods = Watch<Pod>(owned, Slim.Of)
            .IndexedBy(Indexes.Deployment, pod => Indexes.ByLabel(pod.Metadata, Labels.Deployment))
            .IndexedBy(Indexes.EvalRun, pod => Indexes.ByLabel(pod.Metadata, Labels.EvalRun))
            .IndexedBy(Indexes.Node, Indexes.NodeOf);
        // GPUs are free or held on whole nodes, whoever's pods hold them.
        Nodes = WatchIn<Node>([], all);
        Selected = namespaceSelector is null ? null : WatchIn<Namespace>([], all with { LabelSelector = namespaceSelector });
        // Those of another operator's namespaces have the label too.
        BoundPods = WatchIn<BoundPod>([], all with { FieldSelector = BoundPod.FieldSelector, LabelSelector = namespaces.Count == 0 ? $"{Labels.ManagedBy}!={Labels.ManagedByValue}" : null })
            .IndexedBy(Indexes.Node, Indexes.NodeOf);
        Quotas = Watch<ResourceQuota>(all).IndexedBy(Indexes.Namespace, quota => [quota.Metadata.Namespace!]);
        GatewayEndpoints = WatchIn<EndpointSlice>([gatewayService.Namespace], all with { LabelSelector = $"{EndpointSlice.ServiceNameLabel}={gatewayService.Name}" });
        // They carry the labels of their Service.
        Endpoints = Watch<EndpointSlice>(owned, Slim.Of)
            .IndexedBy(Indexes.Deployment, slice => Indexes.ByLabel(slice.Metadata, Labels.Deployment));
        Routers = TrafficRouters.Create(client, namespaces, all, logger, time);
        kinds.AddRange(Routers.Select(router => router.Routes));
    }

    public WatchedKind<LlmDeployment> LlmDeployments { get; }

    public WatchedKind<PromptVersion> PromptVersions { get; }

    public WatchedKind<EvalGate> EvalGates { get; }

    public WatchedKind<EvalRun> EvalRuns { get; }

    public WatchedKind<RolloutAction> RolloutActions { get; }

    public WatchedKind<Deployment> Deployments { get; }

    public WatchedKind<Service> Services { get; }

    public WatchedKind<ControllerRevision> Revisions { get; }

    public WatchedKind<HorizontalPodAutoscaler> Autoscalers { get; }

    public WatchedKind<PodDisruptionBudget> DisruptionBudgets { get; }

    public WatchedKind<Job> Jobs { get; }

    public WatchedKind<ConfigMap> ConfigMaps { get; }

    public WatchedKind<Pod> Pods { get; }

    public WatchedKind<Node> Nodes { get; }

    /// <summary>Pods of the cluster that have a node, with their requests alone: all but those of <see cref="Pods"/>, which only an operator of some namespaces finds here too.</summary>
    public WatchedKind<BoundPod> BoundPods { get; }

    /// <summary>The namespaces that are served; null where they are not chosen by labels.</summary>
    public WatchedKind<Namespace>? Selected { get; }

    public WatchedKind<ResourceQuota> Quotas { get; }

    public WatchedKind<EndpointSlice> GatewayEndpoints { get; }

    /// <summary>EndpointSlices of the Services of releases, and of those that routes list.</summary>
    public WatchedKind<EndpointSlice> Endpoints { get; }

    /// <summary>Routes of other projects that split requests, each kind where the cluster has it.</summary>
    public IReadOnlyList<ITrafficRouter> Routers { get; }

    /// <summary>Whether every copy was filled once, and it is known which kinds of routes there are.</summary>
    public bool HasSynced => kinds.TrueForAll(kind => kind.HasSynced);

    /// <summary>The router of the kind that an LlmDeployment names.</summary>
    public ITrafficRouter RouterOf(RouteReference route) => Routers.Single(router => router.Kind == route.Kind);

    /// <summary>Whether this operator, and not another one, is to work in a namespace.</summary>
    public bool Serves(string ns) => Selected is null || Selected.Store.Get(new(string.Empty, ns)) is not null;

    /// <summary>Pods of an LlmDeployment that have not ended.</summary>
    public List<Pod> OwnPods(ObjectKey deployment) =>
        [.. Pods.ListByIndex(Indexes.Deployment, Indexes.OfDeployment(deployment)).Where(pod => pod.Status?.Phase is not ("Succeeded" or "Failed"))];

    /// <summary>Pods that a Service of an LlmDeployment lists, ready or not, but for those that are going.</summary>
    public IEnumerable<Kubernetes.Endpoint> EndpointsOf(ObjectKey deployment, string service) =>
        from slice in Endpoints.ListByIndex(Indexes.Deployment, Indexes.OfDeployment(deployment))
        where slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == service
        from endpoint in slice.Endpoints
        where endpoint.Conditions?.Terminating != true && endpoint.TargetRef is { Kind: "Pod", Name: not null }
        select endpoint;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await kinds.Select(kind => kind.RunAsync(stop.Token)).EndTogetherAsync(stop);
    }

    public Task WaitForSyncAsync(CancellationToken ct) => Task.WhenAll(kinds.Select(kind => kind.WaitForSyncAsync(ct)));

    /// <summary>Forgets what this process wrote: for a new term of leadership, before which another process may have written.</summary>
    public void ForgetWrites(Func<string, bool> whose) => kinds.ForEach(kind => kind.ForgetWrites(whose));

    public void Dispose() => kinds.ForEach(kind => kind.Dispose());

    private WatchedKind<T> Watch<T>(InformerOptions options, Func<T, T>? keep = null)
        where T : class, IResource<T> => WatchIn(served, options, keep);

    private WatchedKind<T> WatchIn<T>(IReadOnlyCollection<string> namespaces, InformerOptions options, Func<T, T>? keep = null)
        where T : class, IResource<T>
    {
        var kind = new WatchedKind<T>(client, namespaces, options, logger, time, keep);
        kinds.Add(kind);
        return kind;
    }
}
