namespace LlmOps.Gateway.Evidence;

/// <summary>Latencies of the last 5 to 10 minutes: a sketch that fills and the one before it.</summary>
internal sealed class LatencyWindow(TimeProvider time)
{
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private volatile LatencySketch current = new();
    private volatile LatencySketch previous = new();
    private long turnedAt = time.GetTimestamp();

    /// <summary>How many latencies are known.</summary>
    public long Count => current.Count + previous.Count;

    public void Record(double seconds)
    {
        if (time.GetElapsedTime(Interlocked.Read(ref turnedAt)) >= Turn)
            TurnOver();
        current.Record(seconds);
    }

    /// <inheritdoc cref="LatencySketch.Quantiles"/>
    public double[] Quantiles(params ReadOnlySpan<double> quantiles) => LatencySketch.Quantiles(quantiles, previous, current);

    private void TurnOver()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(turnedAt) < Turn)
                return;
            previous = current;
            current = new LatencySketch();
            Interlocked.Exchange(ref turnedAt, time.GetTimestamp());
        }
    }
}
