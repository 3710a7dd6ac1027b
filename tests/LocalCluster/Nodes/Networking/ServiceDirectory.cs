using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Networking;

/// <summary>Plays kube-dns and kube-proxy: turns a Service's name and port into the address and port of a ready pod, in turns.</summary>
internal sealed class ServiceDirectory(ClusterView view)
{
    private readonly ConcurrentDictionary<ObjectKey, int> turns = new();

    /// <summary>What a host and port mean: themselves, an endpoint of a Service, or nothing with the reason.</summary>
    public (string Host, int Port, string? Problem) Resolve(string host, int port)
    {
        if (Parse(host) is not { } key)
            return (host, port, null);
        if (view.Services.Store.Get(key) is not { } service)
            return (host, port, $"there is no Service {key}");
        if (service.Spec?.Ports?.FirstOrDefault(candidate => candidate.Port == port) is not { } servicePort)
            return (host, port, $"Service {key} has no port {port}");

        var slices = view.EndpointSlices.Store.List().Where(slice => slice.Metadata.Namespace == key.Namespace && slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == key.Name);
        var ready = slices.SelectMany(slice => slice.Endpoints
                .Where(endpoint => endpoint.Conditions?.Ready != false && endpoint.Addresses.Count > 0)
                .Select(endpoint => (endpoint.Addresses[0], slice.Ports?.FirstOrDefault(candidate => (candidate.Name ?? string.Empty) == (servicePort.Name ?? string.Empty))?.Port)))
            .Where(target => target.Port is not null)
            .OrderBy(target => target.Item1, StringComparer.Ordinal)
            .ToList();
        if (ready.Count == 0)
            return (host, port, $"Service {key} has no ready endpoint");
        var turn = (uint)turns.AddOrUpdate(key, 0, (_, last) => unchecked(last + 1));
        var (address, targetPort) = ready[(int)(turn % (uint)ready.Count)];
        return (address, targetPort!.Value, null);
    }

    /// <summary><c>NAME.NAMESPACE</c>, <c>NAME.NAMESPACE.svc</c> and <c>NAME.NAMESPACE.svc.cluster.local</c>; null for anything else.</summary>
    internal static ObjectKey? Parse(string host) => host.Split('.') switch
    {
        [var name, var ns] when !int.TryParse(ns, out _) => new(ns, name),
        [var name, var ns, "svc"] => new(ns, name),
        [var name, var ns, "svc", "cluster", "local"] => new(ns, name),
        _ => null,
    };
}
