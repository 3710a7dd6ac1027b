using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>What of large objects the caches keep: all that is read, and all that is compared with what is wanted. Pure.</summary>
internal static class Slim
{
    /// <summary>Where a pod is, what it requests, where it may go, and how it is; not how its containers are run, which its Deployment tells.</summary>
    public static Pod Of(Pod pod) => pod with
    {
        Spec = pod.Spec is not { } spec ? null : new()
        {
            Containers = [.. spec.Containers.Select(Of)],
            InitContainers = spec.InitContainers?.Select(Of).ToArray(),
            NodeName = spec.NodeName,
            NodeSelector = spec.NodeSelector,
            Tolerations = spec.Tolerations,
            Affinity = spec.Affinity,
            PriorityClassName = spec.PriorityClassName,
            Overhead = spec.Overhead,
        },
    };

    /// <summary>Pods are counted themselves; the template is there to be compared with what is wanted.</summary>
    public static Deployment Of(Deployment deployment) => deployment with { Status = null, Spec = deployment.Spec?.Packed() };

    /// <summary>The snapshot is read when its LlmDeployment is looked at.</summary>
    public static ControllerRevision Of(ControllerRevision revision) => revision with { Data = revision.Data?.Packed() };

    /// <summary>Which pods are ready behind which Service.</summary>
    public static EndpointSlice Of(EndpointSlice slice) => slice with
    {
        Metadata = slice.Metadata with { Annotations = null, OwnerReferences = null },
        Endpoints = [.. slice.Endpoints.Select(endpoint => endpoint with { Addresses = [], NodeName = null, TargetRef = endpoint.TargetRef is { } pod ? new() { Kind = pod.Kind, Name = pod.Name } : null })],
        Ports = null,
    };

    private static Container Of(Container container) => new() { Name = container.Name, Resources = container.Resources, RestartPolicy = container.RestartPolicy };
}
