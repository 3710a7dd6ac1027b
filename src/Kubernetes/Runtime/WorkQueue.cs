using System.Threading.Channels;

namespace LlmOps.Kubernetes;

/// <summary>
/// Keys that want work. Thread safe.
/// </summary>
/// <remarks>
/// Guarantees, as client-go's work queue: a key that waits is held once, however often it is added; a key is with one
/// worker at a time, and one that is added meanwhile is handed out again after <see cref="Done"/>; nothing is dropped.
/// Of several delayed adds of a key the earliest counts. Keys about which nothing is known to have changed
/// (<see cref="AddIdle"/>) come after all that were added in the five minutes after them, and so not never.
/// </remarks>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    /// <summary>How long changes go before a key that was added before them and has not changed.</summary>
    private static readonly TimeSpan IdlePatience = TimeSpan.FromMinutes(5);

    private readonly WorkQueueOptions options;
    private readonly TimeProvider time;
    private readonly KeyValuePair<string, object?> label;
    private readonly Lock sync = new();
    private readonly Channel<Turn> ready = Channel.CreateUnboundedPrioritized<Turn>(new() { Comparer = Comparer<Turn>.Create(Turn.Compare) });
    private readonly Dictionary<TKey, Waiting> waiting = [];
    private readonly Dictionary<TKey, long> processing = [];
    private readonly Dictionary<TKey, int> failures = [];
    private readonly DelayedKeys<TKey> delayed;
    private readonly IDisposable[] gauges;
    private long turns;

    public WorkQueue(WorkQueueOptions? options = null, TimeProvider? time = null)
    {
        this.options = options ?? new();
        this.time = time ?? TimeProvider.System;
        label = new("name", this.options.Name);
        delayed = new DelayedKeys<TKey>(this.time, Add);
        gauges =
        [
            KubernetesMetrics.LongestWaitSeconds.Add(label, () => LongestSeconds(waiting.Values.Select(key => key.Since))),
            KubernetesMetrics.LongestRunSeconds.Add(label, () => LongestSeconds(processing.Values)),
        ];
    }

    /// <summary>Keys that wait for a worker now; delayed ones do not count.</summary>
    public int Count
    {
        get
        {
            lock (sync)
                return waiting.Count;
        }
    }

    public void Add(TKey key) => Add(key, isIdle: false);

    /// <summary>Adds a key that is to be looked at although nothing is known to have changed, such as all of them at a start: behind those that did change.</summary>
    public void AddIdle(TKey key) => Add(key, isIdle: true);

    /// <summary>Adds the key after <paramref name="delay"/>; at once where that is not positive.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
            Add(key);
        else
            delayed.Add(key, delay);
    }

    /// <summary>Adds the key after a wait that doubles with each call until <see cref="Forget"/>.</summary>
    /// <param name="atLeast">Shortest wait, as far as the longest back-off allows. Default: none.</param>
    /// <param name="atMost">Longest wait. Null: the longest back-off.</param>
    public void AddRateLimited(TKey key, TimeSpan atLeast = default, TimeSpan? atMost = null)
    {
        int count;
        lock (sync)
        {
            count = failures.GetValueOrDefault(key);
            failures[key] = count + 1;
        }

        KubernetesMetrics.QueueRetries.Add(1, label);
        var longest = atMost < options.LongestBackoff ? atMost.Value : options.LongestBackoff;
        var wait = Backoff.Bound(options.FirstBackoff, longest, count);
        AddAfter(key, wait > atLeast ? wait : atLeast < longest ? atLeast : longest);
    }

    /// <summary>The key works again: its next failure starts with the shortest wait.</summary>
    public void Forget(TKey key)
    {
        lock (sync)
            failures.Remove(key);
    }

    /// <summary>How often the key was added with a back-off since it was last forgotten.</summary>
    public int Failures(TKey key)
    {
        lock (sync)
            return failures.GetValueOrDefault(key);
    }

    /// <summary>The next key, as soon as there is one. <see cref="Done"/> must follow.</summary>
    public async ValueTask<TKey> GetAsync(CancellationToken ct)
    {
        while (true)
        {
            var turn = await ready.Reader.ReadAsync(ct);
            lock (sync)
            {
                // A key that changed while it waited idle has two turns; the later one finds nothing.
                if (!waiting.TryGetValue(turn.Key, out var wait) || wait.Turn != turn.Number)
                    continue;
                waiting.Remove(turn.Key);
                processing[turn.Key] = time.GetTimestamp();
                KubernetesMetrics.QueueDepth.Add(-1, label);
                KubernetesMetrics.QueueSeconds.Record(time.GetElapsedTime(wait.Since).TotalSeconds, label);
                return turn.Key;
            }
        }
    }

    /// <summary>The worker is through with the key.</summary>
    public void Done(TKey key)
    {
        lock (sync)
        {
            if (!processing.Remove(key, out var since))
                return;
            KubernetesMetrics.WorkSeconds.Record(time.GetElapsedTime(since).TotalSeconds, label);
            if (waiting.TryGetValue(key, out var wait))
                HandOut(key, wait);
        }
    }

    /// <summary>Stops delayed adds.</summary>
    public void Dispose()
    {
        delayed.Dispose();
        foreach (var gauge in gauges)
            gauge.Dispose();
    }

    private void Add(TKey key, bool isIdle)
    {
        lock (sync)
        {
            if (waiting.TryGetValue(key, out var wait))
            {
                if (isIdle || !wait.IsIdle)
                    return;
                wait = wait with { IsIdle = false };
            }
            else
            {
                wait = new(time.GetTimestamp(), isIdle, Turn: 0);
                KubernetesMetrics.QueueAdds.Add(1, label);
                KubernetesMetrics.QueueDepth.Add(1, label);
            }

            waiting[key] = wait;
            if (!processing.ContainsKey(key))
                HandOut(key, wait);
        }
    }

    private void HandOut(TKey key, Waiting wait)
    {
        waiting[key] = wait with { Turn = ++turns };
        ready.Writer.TryWrite(new(key, time.GetTimestamp() + (wait.IsIdle ? (long)(IdlePatience.TotalSeconds * time.TimestampFrequency) : 0), turns));
    }

    /// <summary>Since the earliest of these times; 0 where there is none.</summary>
    private double LongestSeconds(IEnumerable<long> times)
    {
        lock (sync)
            return time.GetElapsedTime(times.DefaultIfEmpty(time.GetTimestamp()).Min()).TotalSeconds;
    }

    /// <param name="Since">Timestamp of the first add.</param>
    /// <param name="IsIdle">Whether nothing is known to have changed.</param>
    /// <param name="Turn">Number of the turn that counts; 0 while a worker has the key.</param>
    private readonly record struct Waiting(long Since, bool IsIdle, long Turn);

    /// <param name="Due">Timestamp by which turns are ordered.</param>
    /// <param name="Number">Turns of one moment come as they were given.</param>
    private readonly record struct Turn(TKey Key, long Due, long Number)
    {
        public static int Compare(Turn one, Turn other) => one.Due != other.Due ? one.Due.CompareTo(other.Due) : one.Number.CompareTo(other.Number);
    }
}
