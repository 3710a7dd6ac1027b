using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Tests.World;

/// <summary>What the EndpointSlice controller writes of a Service.</summary>
internal static class FakeEndpoints
{
    /// <summary>The slice of a Service and the pods that it selects.</summary>
    public static EndpointSlice Of(Service service, IEnumerable<Pod> pods) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"{service.Metadata.Name}-1",
            Namespace = service.Metadata.Namespace,
            Labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>()) { [EndpointSlice.ServiceNameLabel] = service.Metadata.Name! },
            OwnerReferences = [service.ControllerReference()],
        },
        Endpoints =
        [
            .. pods.Where(pod => pod.Status?.PodIP is not null && service.Spec?.Selector?.All(label => pod.Metadata.Labels?.GetValueOrDefault(label.Key) == label.Value) == true)
                .OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
                .Select(pod => new Endpoint
                {
                    Addresses = [pod.Status!.PodIP!],
                    Conditions = new EndpointConditions { Ready = pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true && !pod.IsDeleting() },
                    TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
                }),
        ],
        Ports = [new EndpointPort { Name = "http", Port = 8000, Protocol = "TCP" }],
    };

    /// <summary>Whether it is the Service of a track, for a route, and not that of a release.</summary>
    public static bool IsOfTrack(ObjectMeta metadata) => metadata.Labels?.ContainsKey(Labels.Track) == true;
}
