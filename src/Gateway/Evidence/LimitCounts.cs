namespace LlmOps.Gateway.Evidence;

/// <summary>
/// Counts of one absolute limit in one weight epoch. Of a sticky unit only the first request whose latency is known counts,
/// over or not: so the share of requests over the limit is neither stretched by one long session nor hidden by it.
/// </summary>
internal sealed class LimitCounts(LatencyLimit limit, int index)
{
    public LatencyLimit Limit => limit;

    /// <summary>Which limit of the rollout, 0 to 15.</summary>
    public int Index => index;

    public OverLimit Stable { get; } = new();

    public OverLimit Candidate { get; } = new();
}

/// <summary>Requests over a limit, of those whose latency is known. Only grows.</summary>
internal sealed class OverLimit
{
    private long over;
    private long of;

    public long Over => Interlocked.Read(ref over);

    public long Of => Interlocked.Read(ref of);

    public void Add(bool isOver)
    {
        // In this order, and read the other way round: never more over than of.
        Interlocked.Increment(ref of);
        if (isOver)
            Interlocked.Increment(ref over);
    }
}
