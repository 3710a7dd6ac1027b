namespace LlmOps.Testing;

/// <summary>What happens to a request that a fault rule matches.</summary>
public abstract record FaultEffect
{
    private FaultEffect()
    {
    }

    /// <summary>Answers with a <c>Status</c> and does nothing.</summary>
    /// <param name="code">HTTP status.</param>
    /// <param name="reason">As in <c>metav1.Status</c>, such as <c>TooManyRequests</c>; empty for an error that is not a Kubernetes one.</param>
    /// <param name="retryAfter">Sent as header (whole seconds) and in <c>details.retryAfterSeconds</c>.</param>
    public static FaultEffect Status(int code, string reason, string message = "injected", TimeSpan? retryAfter = null) =>
        new StatusEffect(code, reason, message, retryAfter);

    /// <summary>Breaks the connection and does nothing.</summary>
    public static FaultEffect ResetBefore { get; } = new ResetEffect(AfterCommit: false);

    /// <summary>Does what was asked, then breaks the connection in place of the answer: the client cannot know that it happened.</summary>
    public static FaultEffect ResetAfter { get; } = new ResetEffect(AfterCommit: true);

    /// <summary>Does what was asked, and breaks the connection in the middle of the answer's body. A watch breaks in the middle of its first event.</summary>
    public static FaultEffect CutAnswer { get; } = new CutEffect();

    /// <summary>Waits, on the server's clock, before doing what was asked.</summary>
    public static FaultEffect Delay(TimeSpan wait) => new DelayEffect(wait);

    /// <summary>Keeps the request waiting until it is released, or the client goes away, before doing what was asked.</summary>
    public static FaultEffect HangBefore(FaultGate gate) => new HangEffect(gate, AfterCommit: false);

    /// <summary>Does what was asked, and keeps the answer back until it is released.</summary>
    public static FaultEffect HangAfter(FaultGate gate) => new HangEffect(gate, AfterCommit: true);

    internal sealed record StatusEffect(int Code, string Reason, string Message, TimeSpan? RetryAfter) : FaultEffect;

    internal sealed record ResetEffect(bool AfterCommit) : FaultEffect;

    internal sealed record CutEffect : FaultEffect;

    internal sealed record DelayEffect(TimeSpan Wait) : FaultEffect;

    internal sealed record HangEffect(FaultGate Gate, bool AfterCommit) : FaultEffect;
}

/// <summary>Holds requests until it is released.</summary>
public sealed class FaultGate
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first request waits here.</summary>
    public Task Reached => reached.Task;

    /// <summary>Lets everything through, now and later.</summary>
    public void Release() => released.TrySetResult();

    internal Task WaitAsync(CancellationToken cancellationToken)
    {
        reached.TrySetResult();
        return released.Task.WaitAsync(cancellationToken);
    }
}
