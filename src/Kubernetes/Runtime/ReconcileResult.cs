namespace LlmOps.Kubernetes;

/// <summary>What a reconciliation that came to its end wants.</summary>
/// <param name="RequeueAfter">Come back after this time even where nothing changes; null: only on a change.</param>
public readonly record struct ReconcileResult(TimeSpan? RequeueAfter)
{
    /// <summary>
    /// What did not succeed and is no reason to wait long: it counts as an exception does, but the growing wait after it is at most <see cref="RequeueAfter"/>,
    /// or what the server asks for where it sheds load.
    /// Null: all succeeded.
    /// </summary>
    public Exception? Failure { get; init; }

    /// <summary>Nothing until something changes.</summary>
    public static ReconcileResult Done => default;

    public static ReconcileResult After(TimeSpan delay) => new(delay);
}
