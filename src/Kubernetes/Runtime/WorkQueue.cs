using System.Threading.Channels;

namespace LlmOps.Kubernetes;

/// <summary>
/// Keys that want work. Thread safe.
/// </summary>
/// <remarks>
/// Guarantees, as client-go's work queue: a key that waits is held once, however often it is added; a key is with one
/// worker at a time, and one that is added meanwhile is handed out again after <see cref="Done"/>; nothing is dropped.
/// Of several delayed adds of a key the earliest counts.
/// </remarks>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private readonly WorkQueueOptions options;
    private readonly TimeProvider time;
    private readonly KeyValuePair<string, object?> label;
    private readonly Lock sync = new();
    private readonly Channel<TKey> ready = Channel.CreateUnbounded<TKey>();
    private readonly Dictionary<TKey, long> waiting = [];
    private readonly Dictionary<TKey, long> processing = [];
    private readonly Dictionary<TKey, int> failures = [];
    private readonly DelayedKeys<TKey> delayed;
    private readonly IDisposable[] gauges;

    public WorkQueue(WorkQueueOptions? options = null, TimeProvider? time = null)
    {
        this.options = options ?? new();
        this.time = time ?? TimeProvider.System;
        label = new("name", this.options.Name);
        delayed = new DelayedKeys<TKey>(this.time, Add);
        gauges =
        [
            KubernetesMetrics.LongestWaitSeconds.Add(label, () => LongestSeconds(waiting)),
            KubernetesMetrics.LongestRunSeconds.Add(label, () => LongestSeconds(processing)),
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

    public void Add(TKey key)
    {
        lock (sync)
        {
            if (!waiting.TryAdd(key, time.GetTimestamp()))
                return;
            KubernetesMetrics.QueueAdds.Add(1, label);
            KubernetesMetrics.QueueDepth.Add(1, label);
            if (!processing.ContainsKey(key))
                ready.Writer.TryWrite(key);
        }
    }

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
        var key = await ready.Reader.ReadAsync(ct);
        lock (sync)
        {
            processing[key] = time.GetTimestamp();
            if (waiting.Remove(key, out var since))
            {
                KubernetesMetrics.QueueDepth.Add(-1, label);
                KubernetesMetrics.QueueSeconds.Record(time.GetElapsedTime(since).TotalSeconds, label);
            }
        }

        return key;
    }

    /// <summary>The worker is through with the key.</summary>
    public void Done(TKey key)
    {
        lock (sync)
        {
            if (!processing.Remove(key, out var since))
                return;
            KubernetesMetrics.WorkSeconds.Record(time.GetElapsedTime(since).TotalSeconds, label);
            if (waiting.ContainsKey(key))
                ready.Writer.TryWrite(key);
        }
    }

    /// <summary>Stops delayed adds.</summary>
    public void Dispose()
    {
        delayed.Dispose();
        foreach (var gauge in gauges)
            gauge.Dispose();
    }

    /// <summary>Since the earliest of these times; 0 where there is none.</summary>
    private double LongestSeconds(Dictionary<TKey, long> times)
    {
        lock (sync)
            return times.Count == 0 ? 0 : time.GetElapsedTime(times.Values.Min()).TotalSeconds;
    }
}
