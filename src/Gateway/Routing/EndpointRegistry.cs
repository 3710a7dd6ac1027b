using System.Buffers;
using System.Net;
using System.Net.Sockets;
using LlmOps.Gateway.Picking;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>The ready endpoints of each Service. An address stays one object for as long as it is listed, so that its load and its ejection outlive a route table. Not thread safe.</summary>
internal sealed class EndpointRegistry
{
    private const string PortName = "http";

    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    private readonly Dictionary<ObjectKey, Dictionary<string, EndpointSlice>> slices = [];
    private readonly Dictionary<ObjectKey, EngineEndpoint[]> ready = [];

    /// <summary>Ready endpoints of a Service, by address; empty where it has none or is not known.</summary>
    public EngineEndpoint[] Ready(ObjectKey service) => ready.GetValueOrDefault(service) ?? [];

    /// <summary>Takes over a change; gives the Services whose endpoints it concerns.</summary>
    public IReadOnlyList<ObjectKey> Apply(EndpointSlice? before, EndpointSlice? after)
    {
        var (left, entered) = (ServiceOf(before), ServiceOf(after));
        if (left is { } l && slices.TryGetValue(l, out var old))
            old.Remove(before!.Metadata.Name!);
        if (entered is { } e)
        {
            if (!slices.TryGetValue(e, out var known))
                slices.Add(e, known = []);
            known[after!.Metadata.Name!] = after;
        }

        ObjectKey[] changed = [.. new[] { left, entered }.OfType<ObjectKey>().Distinct()];
        foreach (var service in changed)
            Update(service);
        return changed;
    }

    private void Update(ObjectKey service)
    {
        if (slices[service].Count == 0)
        {
            slices.Remove(service);
            ready.Remove(service);
            return;
        }

        var known = Ready(service).ToDictionary(e => e.Authority, StringComparer.Ordinal);
        ready[service] = [.. slices[service].Values.SelectMany(Authorities).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(a => known.GetValueOrDefault(a) ?? new EngineEndpoint(a))];
    }

    // Only the first address of an endpoint counts: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
    private static IEnumerable<string> Authorities(EndpointSlice slice)
    {
        var port = (slice.Ports?.FirstOrDefault(p => p.Name == PortName) ?? (slice.Ports is { Count: > 0 } ports ? ports[0] : null))?.Port;
        if (port is not (> 0 and <= IPEndPoint.MaxPort))
            yield break;
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.Conditions?.Ready != false && endpoint.Addresses is [{ } address, ..] && HostOf(slice.AddressType, address) is { } host)
                yield return $"{host}:{port}";
        }
    }

    // What is no address is left out: text that no URL can have would keep all endpoints of the Service as they were. Octal and short forms mean one thing here and another there.
    private static string? HostOf(string addressType, string address) => addressType switch
    {
        "IPv4" when IPAddress.TryParse(address, out var ip) && ip.ToString() == address && ip.AddressFamily == AddressFamily.InterNetwork => address,
        "IPv6" when !address.AsSpan().ContainsAnyExcept(IPv6Characters) && IPAddress.TryParse(address, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 => $"[{address}]",
        _ => null,
    };

    private static ObjectKey? ServiceOf(EndpointSlice? slice) =>
        slice?.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) is { } service
            ? new ObjectKey(slice.Metadata.Namespace ?? string.Empty, service)
            : null;
}
