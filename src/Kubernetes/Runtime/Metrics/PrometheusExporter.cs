using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;

namespace LlmOps.Kubernetes;

/// <summary>
/// Listens to meters and writes what they measured in the Prometheus text format 0.0.4. Thread safe. Recording takes no
/// lock and, for a label set seen before, allocates nothing.
/// </summary>
/// <remarks>
/// Names follow OpenTelemetry's rules for Prometheus: dots become underscores, units become suffixes (<c>s</c> →
/// <c>_seconds</c>, <c>By</c> → <c>_bytes</c>), counters end in <c>_total</c>; no suffix is added twice. Buckets are those
/// of the instrument's advice. Format: https://prometheus.io/docs/instrumenting/exposition_formats/
/// </remarks>
public sealed class PrometheusExporter : IDisposable
{
    /// <summary>Media type of the output.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly PrometheusExporterOptions options;
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> families = new(StringComparer.Ordinal);
    private readonly Lock scrape = new();

    public PrometheusExporter(PrometheusExporterOptions? options = null)
    {
        this.options = options ?? new();
        listener.InstrumentPublished = Subscribe;
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((MetricFamily)state!).Record((double)value, tags));
        listener.Start();
    }

    /// <summary>Reads the observable instruments and writes everything, ordered by name and labels.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        // Two scrapes at once would mix their readings of observable instruments.
        lock (scrape)
        {
            foreach (var family in families.Values)
                family.BeginObservation();
            try
            {
                listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // A callback that throws costs its own values of this scrape, nothing else.
            }

            var text = new ExpositionWriter(output);
            var ordered = families.Values.OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
            foreach (var family in ordered)
                family.Write(text);
            WriteDropped(text, ordered);
            text.Flush();
        }
    }

    /// <summary>Drops every series that has all of these labels; a measurement with them that comes later begins a new one.</summary>
    public void Drop(params ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        foreach (var family in families.Values)
            family.Drop(labels);
    }

    /// <summary>As <see cref="Write(IBufferWriter{byte})"/>, to a response's body writer; flushes it.</summary>
    public async Task WriteAsync(PipeWriter output, CancellationToken ct)
    {
        Write(output);
        await output.FlushAsync(ct);
    }

    /// <summary>As <see cref="Write(IBufferWriter{byte})"/>, to a stream.</summary>
    public async Task WriteAsync(Stream output, CancellationToken ct)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        Write(buffer);
        await output.WriteAsync(buffer.WrittenMemory, ct);
    }

    public void Dispose() => listener.Dispose();

    private void Subscribe(Instrument instrument, MeterListener self)
    {
        if (!options.Meters.Any(pattern => Matches(pattern, instrument.Meter.Name)) || MetricKinds.Of(instrument) is not { } kind)
            return;
        var name = MetricNames.For(instrument, kind);
        var family = families.GetOrAdd(name, _ => new MetricFamily(name, kind, instrument, options.MaxSeriesPerMetric));
        // One name cannot be a counter here and a gauge there: the first one counts.
        if (family.Kind == kind)
            self.EnableMeasurementEvents(instrument, family);
    }

    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;

    private static void WriteDropped(ExpositionWriter text, MetricFamily[] families)
    {
        const string name = "prometheus_exporter_dropped_measurements_total";
        if (families.All(f => f.Dropped == 0))
            return;
        text.Header(name, "counter", "Measurements that were dropped because their metric has too many series.");
        foreach (var family in families.Where(f => f.Dropped > 0))
            text.Sample(name, $"metric=\"{family.Name}\"", family.Dropped);
    }
}
