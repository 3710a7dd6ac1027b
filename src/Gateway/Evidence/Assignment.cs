namespace LlmOps.Gateway.Evidence;

/// <summary>
/// One request's part in the evidence: told of its first attempt only (intention to treat), whoever answers in the end.
/// Thread safe, because the scan for waiting requests and the request itself both tell the time.
/// </summary>
internal sealed class Assignment(TrackCounts counts, BadEvents badEvents, ulong? unit, double[]? thresholds)
{
    private readonly Lock gate = new();
    private int next;
    private bool ended;

    /// <summary>Where it stands in the list of waiting requests; -1 while it is not in it.</summary>
    internal int WaitingIndex { get; set; } = -1;

    /// <summary>When the first attempt began, on the gateway's clock.</summary>
    internal long StartedAt { get; set; }

    /// <summary>Whether there are thresholds that the wait can exceed.</summary>
    public bool HasThresholds => thresholds is not null;

    /// <summary>Counts the thresholds that a wait of this length exceeds; false when nothing is left to count.</summary>
    public bool Waited(TimeSpan wait)
    {
        lock (gate)
        {
            if (ended || thresholds is null)
                return false;
            CountSlow(wait);
            return next < thresholds.Length;
        }
    }

    /// <summary>The wait for the first token is over: it came, the attempt failed, or the client left.</summary>
    public void EndWait(TimeSpan wait)
    {
        lock (gate)
        {
            if (!ended && thresholds is not null)
                CountSlow(wait);
            ended = true;
        }
    }

    /// <summary>The first attempt failed.</summary>
    public void Failed(DateTimeOffset now)
    {
        if (unit is not { } u || badEvents.IsFirstError(u))
            counts.AddError(now);
    }

    private void CountSlow(TimeSpan wait)
    {
        while (next < thresholds!.Length && wait.TotalSeconds > thresholds[next])
        {
            if (unit is not { } u || badEvents.IsFirstSlow(u, next))
                counts.AddSlow(next);
            next++;
        }
    }
}
