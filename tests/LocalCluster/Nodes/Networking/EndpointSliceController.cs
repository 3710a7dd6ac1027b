using System.Text;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Networking;

/// <summary>
/// Plays the EndpointSlice controller: one slice for each Service that has a selector. A pod that is being deleted is
/// listed as terminating and not ready until it has gone.
/// </summary>
/// <remarks>Not played: slices of more than one size or port mapping, topology hints, dual stack.</remarks>
internal sealed class EndpointSliceController(KubernetesClient client, ClusterView view)
{
    private const string FieldManager = "endpointslice-controller";
    private const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (view.Services.Store.Get(key) is not { Spec: { Selector.Count: > 0 } spec } service || service.IsDeleting())
            return ReconcileResult.Done;
        var pods = view.Pods.Store.List()
            .Where(pod => pod.Metadata.Namespace == key.Namespace && !pod.HasEnded() && pod.Status?.PodIP is { Length: > 0 } && Labels.Match(spec.Selector, pod.Metadata.Labels))
            .OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        var slice = new EndpointSlice
        {
            Metadata = new()
            {
                Name = $"{key.Name}-{Pods.SafeHash(Encoding.UTF8.GetBytes(service.Metadata.Uid ?? key.Name))[..5]}",
                Namespace = key.Namespace,
                Labels = service.Metadata.Labels.With((EndpointSlice.ServiceNameLabel, key.Name), (ManagedByLabel, "endpointslice-controller.k8s.io")),
                OwnerReferences = [service.ControllerReference()],
            },
            Endpoints = [.. pods.Select(pod => ToEndpoint(pod, spec.PublishNotReadyAddresses == true))],
            Ports = [.. (spec.Ports ?? []).Select(port => ToPort(port, pods)).Where(port => port.Port is not null)],
        };
        if (view.EndpointSlices.Store.Get(slice.Key()) is not { } known || !Says(known, slice))
            await client.ApplyAsync(slice, FieldManager, ct: ct);
        return ReconcileResult.Done;
    }

    private static Endpoint ToEndpoint(Pod pod, bool publishNotReady) => new()
    {
        Addresses = [pod.Status!.PodIP!],
        Conditions = new() { Ready = publishNotReady || (pod.IsReady() && !pod.IsDeleting()), Serving = pod.IsReady(), Terminating = pod.IsDeleting() },
        NodeName = pod.Spec?.NodeName,
        TargetRef = new() { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
    };

    /// <summary>A named target port is looked up in the first pod that has it.</summary>
    private static EndpointPort ToPort(ServicePort port, List<Pod> pods)
    {
        var target = port.TargetPort ?? port.Port;
        var number = target.Number ?? pods.SelectMany(pod => pod.Spec?.Containers ?? []).SelectMany(container => container.Ports ?? [])
            .FirstOrDefault(candidate => candidate.Name == target.Text)?.Number;
        return new() { Name = port.Name ?? string.Empty, Port = number, Protocol = port.Protocol ?? "TCP" };
    }

    private static bool Says(EndpointSlice known, EndpointSlice wanted) =>
        known.Endpoints.Select(Text).SequenceEqual(wanted.Endpoints.Select(Text))
        && (known.Ports ?? []).Select(port => (port.Name ?? string.Empty, port.Port)).SequenceEqual(wanted.Ports!.Select(port => (port.Name!, port.Port)))
        && wanted.Metadata.Labels!.All(label => known.Metadata.Labels?.GetValueOrDefault(label.Key) == label.Value);

    private static (string, EndpointConditions?, string?) Text(Endpoint endpoint) => (string.Join(',', endpoint.Addresses), endpoint.Conditions, endpoint.TargetRef?.Uid);
}
