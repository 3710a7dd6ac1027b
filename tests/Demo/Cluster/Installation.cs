using LlmOps.Kubernetes;
using LlmOps.LocalCluster;

namespace LlmOps.Demo.Cluster;

/// <summary>The product on a cluster, installed as a user would: CRDs and <c>config/default</c> by kubectl, pods under their own service accounts.</summary>
public sealed record Installation
{
    private const string Namespace = "llmops-system";
    private const string GatewayService = "llmops-gateway";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Where clients send requests.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>Health, metrics and evidence of the gateway.</summary>
    public required Uri GatewayAdmin { get; init; }

    /// <summary>Installs and waits until operator and gateway are ready.</summary>
    public static async Task<Installation> InstallAsync(Kubectl kubectl, KubernetesClient client, TimeProvider time, CancellationToken ct)
    {
        await kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "config", "default"), null, ct);
        await kubectl.RunAsync(ct, "wait", "--for=condition=Established", "--timeout=30s", "crd/llmdeployments.llmops.dev", "crd/promptversions.llmops.dev", "crd/evalgates.llmops.dev", "crd/evalruns.llmops.dev");
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
            var gateway = AddressOf(slices.Items, GatewayService, "http");
            var admin = AddressOf(slices.Items, GatewayService, "admin");
            if (gateway is not null && admin is not null)
                return new() { Gateway = gateway, GatewayAdmin = admin };
            if (time.GetElapsedTime(started) > Limit)
                throw new TimeoutException($"the Service {GatewayService} has no ready endpoint with ports http and admin");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, ct);
        }
    }

    private static Uri? AddressOf(IReadOnlyList<EndpointSlice> slices, string service, string port) =>
        (from slice in slices
         where slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == service
         from endpoint in slice.Endpoints
         where endpoint.Conditions?.Ready != false && endpoint.Addresses.Count > 0
         from p in slice.Ports ?? []
         where p.Name == port && p.Port is not null
         select new Uri($"http://{endpoint.Addresses[0]}:{p.Port}")).FirstOrDefault();

    private static async Task ReadyAsync(KubernetesClient client, string deployment, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var found = await client.GetAsync<Deployment>(new(Namespace, deployment), ct);
            if (found is { Status.ReadyReplicas: > 0 } && found.Status.ObservedGeneration >= found.Metadata.Generation)
                return;
            if (time.GetElapsedTime(started) > Limit)
                throw new TimeoutException($"{deployment} is not ready: see its pods with kubectl -n {Namespace} describe pods");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, ct);
        }
    }
}
