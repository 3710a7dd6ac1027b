namespace LlmOps.Kubernetes;

/// <summary>One label set of a metric. Thread safe without locks.</summary>
internal sealed class MetricSeries(string labels, int bounds)
{
    private readonly long[] counts = new long[bounds + 1];
    private double value;

    public string Labels => labels;

    /// <summary>The value, or the sum of a histogram.</summary>
    public double Value => Volatile.Read(ref value);

    /// <summary>The scrape that last observed this.</summary>
    public int Observation { get; private set; }

    public long CountOf(int bucket) => Interlocked.Read(ref counts[bucket]);

    public void Add(double amount)
    {
        var seen = Volatile.Read(ref value);
        while (true)
        {
            var found = Interlocked.CompareExchange(ref value, seen + amount, seen);
            // By bits: NaN is not equal to itself.
            if (BitConverter.DoubleToInt64Bits(found) == BitConverter.DoubleToInt64Bits(seen))
                return;
            seen = found;
        }
    }

    public void Set(double next, int observation)
    {
        Volatile.Write(ref value, next);
        Observation = observation;
    }

    /// <summary>A bound belongs to the bucket below it.</summary>
    public void Observe(double measured, double[] buckets)
    {
        // One NaN would make the sum NaN for ever.
        if (double.IsNaN(measured))
            return;
        var index = Array.BinarySearch(buckets, measured);
        Interlocked.Increment(ref counts[index < 0 ? ~index : index]);
        Add(measured);
    }
}
