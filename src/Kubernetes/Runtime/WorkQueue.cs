namespace LlmOps.Kubernetes;

/// <summary>
/// Keys that want work. Thread safe.
/// </summary>
/// <remarks>
/// Guarantees, as client-go's work queue: a key that waits is held once, however often it is added; a key is with one
/// worker at a time, and one that is added meanwhile is handed out again after <see cref="Done"/>; nothing is dropped.
/// Of several delayed adds of a key the earliest counts. Keys about which nothing is known to have changed
/// (<see cref="AddIdle"/>) come after all that were added in the five minutes after them, and so not never. Urgent keys come before all others, but for one
/// in four turns, and there may be workers for them alone (<see cref="GetUrgentAsync"/>): neither a thousand changes at once hold up what is urgent, nor the other way round.
/// </remarks>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    /// <summary>How long changes go before a key that was added before them and has not changed.</summary>
    private static readonly TimeSpan IdlePatience = TimeSpan.FromMinutes(5);

    /// <summary>Urgent keys that are handed out one after the other while others wait.</summary>
    private const int UrgentInARow = 3;

    private readonly WorkQueueOptions options;
    private readonly Func<TKey, bool> isUrgent;
    private readonly TimeProvider time;
    private readonly KeyValuePair<string, object?> label;
    private readonly Lock sync = new();
    private readonly SemaphoreSlim handedOut = new(0);
    private readonly SemaphoreSlim handedOutUrgent = new(0);
    private readonly Queue<Turn> urgent = [];
    private readonly PriorityQueue<Turn, (long Due, long Number)> others = new();
    private readonly Dictionary<TKey, Waiting> waiting = [];
    private readonly Dictionary<TKey, long> processing = [];
    private readonly Dictionary<TKey, int> failures = [];
    private readonly DelayedKeys<TKey> delayed;
    private readonly IDisposable[] gauges;
    private long turns;
    private int urgentInARow;

    /// <param name="options">How it waits.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="isUrgent">Tells when a key is added; must be fast, and may not throw. Null: no key is.</param>
    public WorkQueue(WorkQueueOptions? options = null, TimeProvider? time = null, Func<TKey, bool>? isUrgent = null)
    {
        this.options = options ?? new();
        this.isUrgent = isUrgent ?? (static _ => false);
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

    public void Add(TKey key) => Add(key, isUrgent(key) ? Urgency.Urgent : Urgency.Changed);

    /// <summary>Adds a key that is to be looked at although nothing is known to have changed, such as all of them at a start: behind those that did change.</summary>
    public void AddIdle(TKey key) => Add(key, Urgency.Idle);

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
    public ValueTask<TKey> GetAsync(CancellationToken ct) => GetAsync(handedOut, NextTurn, ct);

    /// <summary>The next urgent key, as soon as there is one. <see cref="Done"/> must follow.</summary>
    public ValueTask<TKey> GetUrgentAsync(CancellationToken ct) => GetAsync(handedOutUrgent, NextUrgentTurn, ct);

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

    /// <summary>Drops all keys that wait, delayed ones too, and the failures of all: for a queue that nobody works on for now.</summary>
    /// <returns>The keys that were dropped.</returns>
    public IReadOnlyCollection<TKey> Clear()
    {
        var later = delayed.Clear();
        lock (sync)
        {
            var dropped = waiting.Keys.Union(later).ToHashSet();
            KubernetesMetrics.QueueDepth.Add(-waiting.Count, label);
            waiting.Clear();
            failures.Clear();
            // A worker that has come for one of their turns finds none.
            urgent.Clear();
            others.Clear();
            return dropped;
        }
    }

    /// <summary>Stops delayed adds.</summary>
    public void Dispose()
    {
        delayed.Dispose();
        foreach (var gauge in gauges)
            gauge.Dispose();
    }

    private async ValueTask<TKey> GetAsync(SemaphoreSlim announced, Func<Turn?> next, CancellationToken ct)
    {
        while (true)
        {
            await announced.WaitAsync(ct);
            lock (sync)
            {
                // A key that became more urgent while it waited has two turns, and an urgent turn is announced to both kinds of workers; who comes later finds nothing.
                if (next() is not { } turn || !waiting.TryGetValue(turn.Key, out var wait) || wait.Turn != turn.Number)
                    continue;
                waiting.Remove(turn.Key);
                processing[turn.Key] = time.GetTimestamp();
                KubernetesMetrics.QueueDepth.Add(-1, label);
                KubernetesMetrics.QueueSeconds.Record(time.GetElapsedTime(wait.Since).TotalSeconds, label);
                return turn.Key;
            }
        }
    }

    private void Add(TKey key, Urgency urgency)
    {
        lock (sync)
        {
            if (waiting.TryGetValue(key, out var wait))
            {
                if (urgency <= wait.Urgency)
                    return;
                wait = wait with { Urgency = urgency };
            }
            else
            {
                wait = new(time.GetTimestamp(), urgency, Turn: 0);
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
        if (wait.Urgency == Urgency.Urgent)
        {
            urgent.Enqueue(new(key, turns));
            handedOutUrgent.Release();
        }
        else
        {
            others.Enqueue(new(key, turns), (time.GetTimestamp() + (wait.Urgency == Urgency.Idle ? (long)(IdlePatience.TotalSeconds * time.TimestampFrequency) : 0), turns));
        }

        handedOut.Release();
    }

    private Turn? NextUrgentTurn() => urgent.TryDequeue(out var turn) ? turn : null;

    private Turn? NextTurn()
    {
        if (urgent.Count > 0 && (others.Count == 0 || urgentInARow < UrgentInARow))
        {
            urgentInARow++;
            return urgent.Dequeue();
        }

        urgentInARow = 0;
        return others.TryDequeue(out var turn, out _) ? turn : null;
    }

    /// <summary>Since the earliest of these times; 0 where there is none.</summary>
    private double LongestSeconds(IEnumerable<long> times)
    {
        lock (sync)
            return time.GetElapsedTime(times.DefaultIfEmpty(time.GetTimestamp()).Min()).TotalSeconds;
    }

    private enum Urgency
    {
        /// <summary>Nothing is known to have changed.</summary>
        Idle,
        Changed,
        Urgent,
    }

    /// <param name="Since">Timestamp of the first add.</param>
    /// <param name="Urgency">The highest of its adds.</param>
    /// <param name="Turn">Number of the turn that counts; 0 while a worker has the key.</param>
    private readonly record struct Waiting(long Since, Urgency Urgency, long Turn);

    /// <param name="Number">Turns of one moment come as they were given.</param>
    private readonly record struct Turn(TKey Key, long Number);
}
