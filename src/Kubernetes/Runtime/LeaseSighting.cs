namespace LlmOps.Kubernetes;

/// <summary>
/// A Lease, and when this process saw it change last. Whether a holder is still there is judged by that alone, never by the times written in a lease: clocks of
/// machines differ.
/// </summary>
/// <param name="ChangedAt">Timestamp at which this process first saw the lease as it is.</param>
internal sealed record LeaseSighting(Lease Lease, long ChangedAt)
{
    /// <summary>The lease as it was read now. Any change is a sign of life; the same lease read again is none.</summary>
    public static LeaseSighting Of(Lease lease, LeaseSighting? before, TimeProvider time) =>
        new(lease, before is not null && before.Lease.Metadata.Uid == lease.Metadata.Uid && before.Lease.Spec == lease.Spec ? before.ChangedAt : time.GetTimestamp());

    /// <summary>Empty for nobody.</summary>
    public string Holder => Lease.Spec?.HolderIdentity ?? string.Empty;

    /// <summary>How long it still holds; below zero where it has run out.</summary>
    /// <param name="usualDuration">Of a lease that says none.</param>
    public TimeSpan RunsOutIn(TimeSpan usualDuration, TimeProvider time) =>
        (Lease.Spec?.LeaseDurationSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : usualDuration) - time.GetElapsedTime(ChangedAt);
}
