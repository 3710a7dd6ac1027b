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
        },
    };

    /// <summary>Pods are counted themselves.</summary>
    public static Deployment Of(Deployment deployment) => deployment with { Status = null };

    private static Container Of(Container container) => new() { Name = container.Name, Resources = container.Resources };
}
