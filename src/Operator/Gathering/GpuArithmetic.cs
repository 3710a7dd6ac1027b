using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>Says in numbers why no GPU is free.</summary>
internal static class GpuArithmetic
{
    /// <summary>A sentence such as <c>a replica needs 2 nvidia.com/gpu; 2 nodes have 8, of which LlmDeployments hold 7</c>.</summary>
    /// <param name="pod">The pod that does not fit.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="pods">All pods of all LlmDeployments.</param>
    /// <param name="resource">The extended resource.</param>
    public static string Explain(Pod pod, IEnumerable<Node> nodes, IEnumerable<Pod> pods, string resource)
    {
        var needed = Requested(pod, resource);
        var offers = nodes.Where(node => node.Spec?.Unschedulable != true).Select(node => Amount(node.Status?.Allocatable, resource)).Where(count => count > 0).ToList();
        var held = pods.Where(other => other.Spec?.NodeName is not null && other.Status?.Phase is not ("Succeeded" or "Failed")).Sum(other => Requested(other, resource));
        return $"a replica needs {needed} {resource}; {offers.Count} schedulable nodes have {offers.Sum()} (the largest {offers.DefaultIfEmpty().Max()}), of which LlmDeployments hold {held}";
    }

    /// <summary>How many of a resource a pod requests.</summary>
    public static long Requested(Pod pod, string resource) =>
        (pod.Spec?.Containers ?? []).Sum(container => Amount(container.Resources?.Limits ?? container.Resources?.Requests, resource));

    private static long Amount(IReadOnlyDictionary<string, string>? quantities, string resource) =>
        quantities is not null && quantities.TryGetValue(resource, out var text) && Quantity.TryParse(text, out var value) ? (long)value : 0;
}
