namespace LlmOps.Gateway.Evidence;

/// <summary>Values of one kind of the last 5 to 10 minutes: a sketch that fills and the one before it. Takes no memory before the first value.</summary>
internal sealed class RecentValues(TimeProvider time)
{
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan KeepP99 = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private volatile LogSketch? current;
    private volatile LogSketch? previous;
    private long turnedAt = time.GetTimestamp();
    private volatile Reading? p99;

    /// <summary>How many values are known.</summary>
    public long Count => (current?.Count ?? 0) + (previous?.Count ?? 0);

    public void Record(double value)
    {
        var sketch = current;
        if (sketch is null || time.GetElapsedTime(Interlocked.Read(ref turnedAt)) >= Turn)
            sketch = TurnOver();
        sketch.Record(value);
    }

    /// <inheritdoc cref="LogSketch.Quantiles"/>
    public double[] Quantiles(params ReadOnlySpan<double> quantiles) => (previous, current) switch
    {
        ({ } old, { } now) => LogSketch.Quantiles(quantiles, old, now),
        (_, { } now) => LogSketch.Quantiles(quantiles, now),
        _ => LogSketch.Quantiles(quantiles),
    };

    /// <summary>The 99th percentile, at most a second old: cheap enough for every request.</summary>
    public double P99()
    {
        var known = p99;
        if (known is null || time.GetElapsedTime(known.At) >= KeepP99)
            p99 = known = new Reading(Quantiles(0.99)[0], time.GetTimestamp());
        return known.Value;
    }

    private LogSketch TurnOver()
    {
        lock (gate)
        {
            if (current is { } known && time.GetElapsedTime(turnedAt) < Turn)
                return known;
            // The first sketch begins its time with the first value.
            previous = current;
            var next = new LogSketch();
            current = next;
            Interlocked.Exchange(ref turnedAt, time.GetTimestamp());
            return next;
        }
    }

    private sealed record Reading(double Value, long At);
}
