using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace LlmOps.Kubernetes;

/// <summary>
/// A gauge whose values are read from what lives at the time of a scrape, so that it costs nothing between scrapes and a series ends with its last source.
/// Thread safe.
/// </summary>
internal sealed class LiveGauge
{
    private readonly ConcurrentDictionary<Source, bool> sources = new();
    private readonly Func<double, double, double> combine;

    /// <param name="combine">The value of a label that several sources have.</param>
    public LiveGauge(Meter meter, string name, string description, Func<double, double, double> combine)
    {
        this.combine = combine;
        meter.CreateObservableGauge(name, Read, description: description);
    }

    /// <summary>Adds a source until the result is disposed.</summary>
    /// <param name="read">Called at each scrape, on its thread.</param>
    public IDisposable Add(KeyValuePair<string, object?> label, Func<double> read)
    {
        var source = new Source(this, label, read);
        sources.TryAdd(source, true);
        return source;
    }

    private IEnumerable<Measurement<double>> Read() =>
        from source in sources.Keys
        group source.Read() by source.Label into values
        select new Measurement<double>(values.Aggregate(combine), values.Key);

    private sealed class Source(LiveGauge owner, KeyValuePair<string, object?> label, Func<double> read) : IDisposable
    {
        public KeyValuePair<string, object?> Label => label;

        public double Read() => read();

        public void Dispose() => owner.sources.TryRemove(this, out _);
    }
}
