namespace LlmOps.Gateway.Evidence;

/// <summary>
/// The requests that wait for their first token, looked at every 20 ms, so that one that waits longer than a threshold
/// or a limit counts at once and a candidate that hangs cannot hide. The timer runs only while somebody waits.
/// </summary>
internal sealed class WaitingRequests : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly List<Assignment> waiting = [];
    private readonly ITimer timer;

    public WaitingRequests(TimeProvider time)
    {
        this.time = time;
        timer = time.CreateTimer(static state => ((WaitingRequests)state!).Scan(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins the wait of a first attempt.</summary>
    public void Begin(Assignment assignment)
    {
        assignment.StartedAt = time.GetTimestamp();
        if (!assignment.IsWatched)
            return;
        lock (gate)
        {
            assignment.WaitingIndex = waiting.Count;
            waiting.Add(assignment);
            if (waiting.Count == 1)
                timer.Change(Period, Period);
        }
    }

    /// <summary>Ends the wait; a second time, or before it began, changes nothing.</summary>
    public void End(Assignment assignment, bool hasToken = false)
    {
        if (assignment.StartedAt is not { } startedAt)
            return;
        assignment.EndWait(time.GetElapsedTime(startedAt), hasToken, time.GetUtcNow());
        if (!assignment.IsWatched)
            return;
        lock (gate)
            Remove(assignment);
    }

    public void Dispose() => timer.Dispose();

    private void Scan()
    {
        var (now, utcNow) = (time.GetTimestamp(), time.GetUtcNow());
        lock (gate)
        {
            for (var i = waiting.Count - 1; i >= 0; i--)
            {
                var assignment = waiting[i];
                if (!assignment.Waited(time.GetElapsedTime(assignment.StartedAt!.Value, now), utcNow))
                    Remove(assignment);
            }
        }
    }

    private void Remove(Assignment assignment)
    {
        var index = assignment.WaitingIndex;
        if (index < 0)
            return;
        var last = waiting[^1];
        waiting[index] = last;
        last.WaitingIndex = index;
        waiting.RemoveAt(waiting.Count - 1);
        assignment.WaitingIndex = -1;
        if (waiting.Count == 0)
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
