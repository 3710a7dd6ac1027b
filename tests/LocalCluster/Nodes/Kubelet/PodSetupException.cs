namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Something that a container needs is not there yet; the kubelet tries again. The reason and message go to the container's state.</summary>
internal sealed class PodSetupException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}
