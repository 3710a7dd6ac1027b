namespace LlmOps.Kubernetes;

/// <summary>What a reconciliation that succeeded wants.</summary>
/// <param name="RequeueAfter">Come back after this time even where nothing changes; null: only on a change.</param>
public readonly record struct ReconcileResult(TimeSpan? RequeueAfter)
{
    /// <summary>Nothing until something changes.</summary>
    public static ReconcileResult Done => default;

    public static ReconcileResult After(TimeSpan delay) => new(delay);
}
