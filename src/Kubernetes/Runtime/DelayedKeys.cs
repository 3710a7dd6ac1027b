namespace LlmOps.Kubernetes;

/// <summary>Keys with a due time, one timer for all. Of several due times of a key the earliest counts. Thread safe.</summary>
internal sealed class DelayedKeys<TKey> : IDisposable
    where TKey : notnull
{
    /// <summary>Timers are armed in whole milliseconds, so one may fire just too early; this much too early is due.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    /// <summary>Timers take at most 49 days; a day is enough, a timer without work is armed again.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly TimeProvider time;
    private readonly Action<TKey> due;
    private readonly long origin;
    private readonly ITimer timer;
    private readonly Lock sync = new();
    private readonly Dictionary<TKey, TimeSpan> dueTimes = [];
    private readonly PriorityQueue<TKey, TimeSpan> order = new();
    private bool disposed;

    public DelayedKeys(TimeProvider time, Action<TKey> due)
    {
        this.time = time;
        this.due = due;
        origin = time.GetTimestamp();
        timer = time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(TKey key, TimeSpan delay)
    {
        lock (sync)
        {
            var now = time.GetElapsedTime(origin);
            var at = delay < TimeSpan.MaxValue - now ? now + delay : TimeSpan.MaxValue;
            if (disposed || (dueTimes.TryGetValue(key, out var earlier) && earlier <= at))
                return;
            dueTimes[key] = at;
            // The entry of a later due time stays in the order and is passed over when its time comes.
            order.Enqueue(key, at);
            Arm(now);
        }
    }

    /// <summary>Drops all keys, and gives them.</summary>
    public IReadOnlyCollection<TKey> Clear()
    {
        lock (sync)
        {
            TKey[] dropped = [.. dueTimes.Keys];
            dueTimes.Clear();
            order.Clear();
            if (!disposed)
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return dropped;
        }
    }

    public void Dispose()
    {
        lock (sync)
            disposed = true;
        timer.Dispose();
    }

    private void Fire()
    {
        // What is due is handed over with the lock held: whoever drops all keys has none come behind.
        lock (sync)
        {
            var now = time.GetElapsedTime(origin);
            while (order.TryPeek(out var key, out var at) && at <= now + Tolerance)
            {
                order.Dequeue();
                if (dueTimes.TryGetValue(key, out var wanted) && wanted == at)
                {
                    dueTimes.Remove(key);
                    due(key);
                }
            }

            Arm(now);
        }
    }

    private void Arm(TimeSpan now)
    {
        if (disposed || !order.TryPeek(out _, out var next))
            return;
        var wait = next - now;
        timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestTimer ? wait : LongestTimer, Timeout.InfiniteTimeSpan);
    }
}
