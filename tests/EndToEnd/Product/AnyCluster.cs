namespace LlmOps.EndToEnd.Product;

/// <summary>
/// Marks tests that need no more of a cluster than that it runs pods, answers and lets itself be reached: no simulated node, no large machine. <c>make e2e CLUSTER=…</c> runs these, and
/// <c>make test</c> runs them with all others.
/// </summary>
internal static class AnyCluster
{
    public const string Trait = "Cluster";
    public const string Value = "any";
}
