using LlmOps.Kubernetes;
using LlmOps.LocalCluster;

namespace LlmOps.Demo.Cluster;

/// <summary>The product on a cluster, installed as a user would: CRDs and <c>config/default</c> by kubectl, pods under their own service accounts.</summary>
public sealed record Installation
{
    /// <summary>Where operator and gateway run.</summary>
    public const string Namespace = "llmops-system";

    private const string ClientService = "llmops-gateway";
    private const string AdminService = "llmops-gateway-admin";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Where clients send requests, one address a replica.</summary>
    public required IReadOnlyList<Uri> Gateways { get; init; }

    /// <summary>Health, metrics and evidence, one address a replica.</summary>
    public required IReadOnlyList<Uri> GatewayAdmins { get; init; }

    /// <summary>Installs and waits until operator and gateway are ready.</summary>
    public static async Task<Installation> InstallAsync(Kubectl kubectl, KubernetesClient client, TimeProvider time, CancellationToken ct)
    {
        await kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "config", "default"), null, ct);
        await kubectl.EstablishedAsync(ct, "crd/llmdeployments.llmops.dev", "crd/promptversions.llmops.dev", "crd/evalgates.llmops.dev", "crd/evalruns.llmops.dev", "crd/rolloutrecords.llmops.dev", "crd/rolloutactions.llmops.dev");
        await ReadyAsync(client, "llmops-operator", time, ct);
        await ReadyAsync(client, "llmops-gateway", time, ct);
        return await FindAsync(client, time, ct);
    }

    /// <summary>Finds the gateway that already runs.</summary>
    public static async Task<Installation> FindAsync(KubernetesClient client, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var slices = await client.ListAsync<EndpointSlice>(Namespace, ct: ct);
            var gateways = AddressesOf(slices.Items, ClientService, "http");
            var admins = AddressesOf(slices.Items, AdminService, "admin");
            if (gateways.Count > 0 && admins.Count > 0)
                return new() { Gateways = gateways, GatewayAdmins = admins };
            if (time.GetElapsedTime(started) > Limit)
                throw new TimeoutException($"the Services {ClientService} and {AdminService} have no ready endpoint");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, ct);
        }
    }

    private static IReadOnlyList<Uri> AddressesOf(IReadOnlyList<EndpointSlice> slices, string service, string port) =>
    [
        .. from slice in slices
           where slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == service
           from endpoint in slice.Endpoints
           where endpoint.Conditions?.Ready != false && endpoint.Addresses.Count > 0
           from p in slice.Ports ?? []
           where p.Name == port && p.Port is not null
           select new Uri($"http://{endpoint.Addresses[0]}:{p.Port}"),
    ];

    private static async Task ReadyAsync(KubernetesClient client, string deployment, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var found = await client.GetAsync<Deployment>(new(Namespace, deployment), ct);
            if (found is { Status: { } status } && status.ReadyReplicas >= (found.Spec?.Replicas ?? 1) && status.ObservedGeneration >= found.Metadata.Generation)
                return;
            if (time.GetElapsedTime(started) > Limit)
                throw new TimeoutException($"{deployment} is not ready: see its pods with kubectl -n {Namespace} describe pods");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, ct);
        }
    }
}
