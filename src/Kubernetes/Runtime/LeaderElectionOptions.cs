namespace LlmOps.Kubernetes;

/// <summary>Which lease, and how it is kept. <c>RetryPeriod &lt; RenewDeadline &lt; LeaseDuration</c>.</summary>
public sealed record LeaderElectionOptions
{
    public required string Namespace { get; init; }

    public required string LeaseName { get; init; }

    /// <summary>Who this process is; unique among the candidates (the pod name is not enough across clusters, but in one it is).</summary>
    public required string Identity { get; init; }

    /// <summary>How long others wait after the last renewal that they saw before they take the lease. Default: 15 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long after its last renewal a leader stops by itself. Default: 10 s.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two attempts to take or renew the lease. Default: 2 s.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Asked before each attempt: whether this process is to hold the lease. Where it is not to, it does not take the lease but goes on looking at it, so that it
    /// knows when it has run out; where it does hold it, the work is ended in order and the lease given back. Default: always.
    /// </summary>
    public Func<bool> IsWanted { get; init; } = () => true;

    /// <summary>Labels that the lease has while it is held, beside those of others. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Asked before a lease is taken that is free, and again once it was: why this process must not lead all the same, for people; null where it may. Where it must
    /// not, the lease is given back, and tried again after the retry period. Whoever leads is asked no more. Default: it may.
    /// </summary>
    public Func<CancellationToken, Task<string?>> ObstacleAsync { get; init; } = _ => Task.FromResult<string?>(null);

    /// <summary>Why a lease cannot be kept with these times, for whoever set them; null where it can.</summary>
    public static string? ProblemOf(TimeSpan leaseDuration, TimeSpan renewDeadline, TimeSpan retryPeriod) =>
        retryPeriod <= TimeSpan.Zero || retryPeriod >= renewDeadline || renewDeadline >= leaseDuration
            ? $"0 < retry period ({retryPeriod.TotalSeconds:0.###} s) < renew deadline ({renewDeadline.TotalSeconds:0.###} s) < lease duration ({leaseDuration.TotalSeconds:0.###} s) must hold, or two could lead"
            : leaseDuration < TimeSpan.FromSeconds(1) ? $"the lease duration ({leaseDuration.TotalSeconds:0.###} s) must be at least 1 s: a Lease holds whole seconds" : null;

    internal void Validate()
    {
        if (ProblemOf(LeaseDuration, RenewDeadline, RetryPeriod) is { } problem)
            throw new ArgumentException(problem);
    }
}
