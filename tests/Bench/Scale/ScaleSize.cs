namespace LlmOps.Bench.Scale;

/// <summary>How large the cluster of the part is.</summary>
/// <param name="Deployments">LlmDeployments, one replica with one GPU each; every tenth autoscales.</param>
/// <param name="Namespaces">They are spread over these, each with a PromptVersion that all of its LlmDeployments use.</param>
/// <param name="Changes">Spec changes one after the other, whose reaction time is measured.</param>
/// <param name="Rollouts">Spec changes at the same time.</param>
/// <param name="ForeignPods">Pods of nobody's, for the memory that the watch of all pods costs.</param>
internal sealed record ScaleSize(int Deployments, int Namespaces, int Changes, int Rollouts, int ForeignPods)
{
    public static ScaleSize Full { get; } = new(10_000, 200, 200, 500, 10_000);

    public static ScaleSize Quick { get; } = new(1_000, 20, 50, 50, 1_000);

    /// <summary>Nodes with <see cref="ScaleObjects.GpusPerNode"/> GPUs: room for all and a tenth more.</summary>
    public int Nodes => (int)Math.Ceiling(1.1 * (Deployments + ForeignPods / 100.0) / ScaleObjects.GpusPerNode);
}
