using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace LlmOps.Kubernetes;

/// <summary>All series of one metric. Thread safe; recording takes no lock.</summary>
internal sealed class MetricFamily
{
    /// <summary>Prometheus' own default buckets.</summary>
    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly string help;
    private readonly int maxSeries;
    private readonly double[] bounds;

    /// <summary>By tags as they come: the way to a series without an allocation. Several orders of tags lead to one series.</summary>
    private readonly ConcurrentDictionary<TagSet, MetricSeries> byTags = new(new TagSetComparer());
    private readonly ConcurrentDictionary<TagSet, MetricSeries>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> lookup;
    private readonly ConcurrentDictionary<string, MetricSeries> byLabels = new(StringComparer.Ordinal);
    private int observation;
    private long dropped;

    public MetricFamily(string name, MetricKind kind, Instrument instrument, int maxSeries)
    {
        (Name, Kind, this.maxSeries) = (name, kind, maxSeries);
        help = instrument.Description ?? string.Empty;
        bounds = kind == MetricKind.Histogram ? BoundsOf(instrument) : [];
        lookup = byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
    }

    public string Name { get; }

    public MetricKind Kind { get; }

    /// <summary>Measurements dropped because there are too many series.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Series of observable instruments that are not observed from here on are not shown.</summary>
    public void BeginObservation() => observation++;

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!lookup.TryGetValue(tags, out var series) && !TryAdd(tags, out series))
        {
            Interlocked.Increment(ref dropped);
            return;
        }

        switch (Kind)
        {
            case MetricKind.Counter or MetricKind.Sum:
                series.Add(value);
                break;
            case MetricKind.Histogram:
                series.Observe(value, bounds);
                break;
            default:
                series.Set(value, observation);
                break;
        }
    }

    /// <summary>Drops the series that have all of these labels.</summary>
    public void Drop(ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        foreach (var (set, series) in byTags)
        {
            if (!set.HasAll(labels))
                continue;
            byTags.TryRemove(set, out _);
            byLabels.TryRemove(series.Labels, out _);
        }
    }

    public void Write(ExpositionWriter text)
    {
        var shown = byLabels.Values
            .Where(s => !Kind.IsObserved() || s.Observation == observation)
            .OrderBy(s => s.Labels, StringComparer.Ordinal)
            .ToArray();
        if (shown.Length == 0)
            return;
        text.Header(Name, Kind.TypeText(), help);
        foreach (var series in shown)
        {
            if (Kind == MetricKind.Histogram)
                WriteHistogram(text, series);
            else
                text.Sample(Name, series.Labels, series.Value);
        }
    }

    private void WriteHistogram(ExpositionWriter text, MetricSeries series)
    {
        var separator = series.Labels.Length == 0 ? string.Empty : ",";
        long count = 0;
        for (var i = 0; i <= bounds.Length; i++)
        {
            count += series.CountOf(i);
            var bound = i < bounds.Length ? ExpositionWriter.Number(bounds[i]) : "+Inf";
            text.Sample(Name + "_bucket", $"{series.Labels}{separator}le=\"{bound}\"", count);
        }

        text.Sample(Name + "_sum", series.Labels, series.Value);
        text.Sample(Name + "_count", series.Labels, count);
    }

    private bool TryAdd(ReadOnlySpan<KeyValuePair<string, object?>> tags, out MetricSeries series)
    {
        var labels = MetricNames.Labels(tags);
        // Both limits may be passed by as many series as there are threads. byTags is limited too: orders of tags and
        // values with equal text are several keys of one series.
        if ((!byLabels.TryGetValue(labels, out series!) && byLabels.Count >= maxSeries) || byTags.Count >= maxSeries * 4)
            return series is not null;
        series = byLabels.GetOrAdd(labels, static (text, buckets) => new MetricSeries(text, buckets), bounds.Length);
        lookup.TryAdd(tags, series);
        return true;
    }

    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } given } => [.. given],
        Histogram<float> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(b => (double)b)],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(b => (double)b)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(b => (double)b)],
        _ => DefaultBuckets,
    };
}
