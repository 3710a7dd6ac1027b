namespace LlmOps.Gateway.Evidence;

/// <summary>What was counted for one track in one weight epoch. Only grows.</summary>
internal sealed class TrackCounts
{
    private readonly long[] slow = new long[EpochEvidence.Quantiles.Length];
    private long requests;
    private long errors;
    private long firstErrorTicks;

    public long Requests => Interlocked.Read(ref requests);

    public long Errors => Interlocked.Read(ref errors);

    public DateTimeOffset? FirstErrorAt => Interlocked.Read(ref firstErrorTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public long Slow(int threshold) => Interlocked.Read(ref slow[threshold]);

    public void AddRequest() => Interlocked.Increment(ref requests);

    public void AddSlow(int threshold) => Interlocked.Increment(ref slow[threshold]);

    public void AddError(DateTimeOffset now)
    {
        Interlocked.CompareExchange(ref firstErrorTicks, now.UtcTicks, 0);
        Interlocked.Increment(ref errors);
    }
}
