namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>The end of a pod: requested once, and possibly hurried up later.</summary>
internal sealed class Termination(TimeSpan grace) : IDisposable
{
    private readonly CancellationTokenSource requested = new();
    private readonly CancellationTokenSource forced = new();

    /// <summary>How long the pod's processes get to end by themselves.</summary>
    public TimeSpan Grace { get; } = grace;

    /// <summary>Cancelled when the pod is to end.</summary>
    public CancellationToken Requested => requested.Token;

    /// <summary>Cancelled when it is to end at once.</summary>
    public CancellationToken Forced => forced.Token;

    public void Request() => requested.Cancel();

    public void Force()
    {
        requested.Cancel();
        forced.Cancel();
    }

    public void Dispose()
    {
        requested.Dispose();
        forced.Dispose();
    }
}
