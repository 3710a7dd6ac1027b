namespace LlmOps.EngineEmulator.Metrics;

/// <summary>A Prometheus histogram. Thread safe.</summary>
internal sealed class Histogram(double[] bounds)
{
    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _sum;
    private long _count;

    public bool IsUsed => Volatile.Read(ref _count) > 0;

    public void Observe(double value)
    {
        var at = Array.BinarySearch(bounds, value);
        lock (_gate)
        {
            _counts[at < 0 ? ~at : at]++;
            _sum += value;
            _count++;
        }
    }

    /// <summary>Writes <c>_bucket</c>, <c>_count</c> and <c>_sum</c>; <paramref name="labels"/> as written between braces, or empty.</summary>
    public void Write(Exposition exposition, string name, Labels labels)
    {
        lock (_gate)
        {
            var cumulative = 0L;
            for (var i = 0; i < _counts.Length; i++)
            {
                cumulative += _counts[i];
                var le = i < bounds.Length ? exposition.Number(bounds[i]) : "+Inf";
                exposition.Sample($"{name}_bucket", labels.With("le", le), cumulative);
            }

            exposition.Sample($"{name}_count", labels, _count);
            exposition.Sample($"{name}_sum", labels, _sum);
        }
    }
}

/// <summary>A counter or a gauge. Thread safe.</summary>
internal sealed class Value
{
    private readonly Lock _gate = new();
    private double _value;

    public double Current
    {
        get
        {
            lock (_gate)
                return _value;
        }
    }

    public void Add(double amount = 1)
    {
        lock (_gate)
            _value += amount;
    }
}
