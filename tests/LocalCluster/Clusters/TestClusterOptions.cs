using LlmOps.LocalCluster.Nodes;

namespace LlmOps.LocalCluster.Clusters;

/// <summary>How to start a <see cref="TestCluster"/>.</summary>
public sealed record TestClusterOptions
{
    /// <summary>Which cluster. Null: <see cref="ClusterSelection.DecideAsync(CancellationToken)"/>.</summary>
    public ClusterSelection? Selection { get; init; }

    /// <summary>Kubeconfig of a <see cref="ClusterKind.Given"/> cluster. Null: <c>$LLMOPS_TEST_KUBECONFIG</c>.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Where data and logs go: <c>controlplane</c> and <c>nodes</c> in it. Null: fresh folders that are removed at the end.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Goes on with the objects that an earlier run left in <see cref="DataDirectory"/>. Default: they are removed first.</summary>
    public bool Reuse { get; init; }

    /// <summary>The simulated nodes, where the cluster has none of its own.</summary>
    public NodeSimulatorOptions Nodes { get; init; } = new();
}
