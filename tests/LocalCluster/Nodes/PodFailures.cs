using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Nodes.Kubelet;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>Failures that tests cause.</summary>
public sealed class PodFailures
{
    private readonly NodeAgent agent;
    private readonly Func<ObjectKey, Pod?> find;

    internal PodFailures(NodeAgent agent, Func<ObjectKey, Pod?> find) => (this.agent, this.find) = (agent, find);

    /// <summary>Kills the processes of a pod with SIGKILL, as the machine's out-of-memory killer would; the kubelet then restarts its containers. False when none runs.</summary>
    public bool KillProcesses(string ns, string pod) => agent.Kill(ns, pod, find);
}
