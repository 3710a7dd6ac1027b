using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>
/// Feeds a <see cref="RouteCache"/> from the cluster: a change of status routes otherwise as soon as its watch line is read.
/// RBAC: <c>list</c> and <c>watch</c> of llmdeployments, promptversions and endpointslices in the served namespaces; see <see cref="GatewayPermissions"/>.
/// </summary>
internal sealed class RouteInformers : IDisposable
{
    private readonly RouteCache routes;
    private readonly InformerGroup<LlmDeployment> deployments;
    private readonly InformerGroup<PromptVersion> prompts;
    private readonly InformerGroup<EndpointSlice> slices;

    public RouteInformers(KubernetesClient client, IReadOnlyCollection<string> namespaces, RouteCache routes, ILoggerFactory loggers, TimeProvider time)
    {
        this.routes = routes;
        var logger = loggers.CreateLogger<RouteInformers>();
        var all = new InformerOptions { StreamLists = true };
        deployments = new(client, namespaces, all, logger, time);
        prompts = new(client, namespaces, all, logger, time);
        // They carry the labels of their Service, and requests go to Services of the operator alone.
        slices = new(client, namespaces, all with { LabelSelector = $"{EndpointSlice.ServiceNameLabel},{Labels.ManagedBy}={Labels.ManagedByValue}" }, logger, time);
        deployments.OnChange(routes.Apply);
        prompts.OnChange(routes.Apply);
        slices.OnChange(routes.Apply);
    }

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="Exception">What a part of it failed with: the routes would only grow old.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task[] all = [deployments.RunAsync(stop.Token), prompts.RunAsync(stop.Token), slices.RunAsync(stop.Token), MarkSyncedAsync(stop.Token)];
        await all.EndTogetherAsync(stop);
    }

    public void Dispose()
    {
        deployments.Dispose();
        prompts.Dispose();
        slices.Dispose();
    }

    private async Task MarkSyncedAsync(CancellationToken ct)
    {
        try
        {
            await Task.WhenAll(deployments.WaitForSyncAsync(ct), prompts.WaitForSyncAsync(ct), slices.WaitForSyncAsync(ct));
            routes.MarkSynced();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }
}
