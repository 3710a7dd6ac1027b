using System.Diagnostics.Metrics;

namespace LlmOps.Kubernetes;

/// <summary>How measurements of an instrument become samples.</summary>
internal enum MetricKind
{
    /// <summary>Measurements are added; shown as a counter.</summary>
    Counter,

    /// <summary>A measurement is the total; shown as a counter.</summary>
    ObservedCounter,

    /// <summary>Measurements are added; shown as a gauge.</summary>
    Sum,

    /// <summary>A measurement is the value until the next one.</summary>
    Gauge,

    /// <summary>A measurement is the value at this scrape; a series that is not observed any more goes away.</summary>
    ObservedGauge,

    Histogram,
}

internal static class MetricKinds
{
    /// <summary>Null for an instrument that is not known here.</summary>
    public static MetricKind? Of(Instrument instrument)
    {
        if (!instrument.GetType().IsGenericType)
            return null;
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Counter<>) ? MetricKind.Counter
            : type == typeof(ObservableCounter<>) ? MetricKind.ObservedCounter
            : type == typeof(UpDownCounter<>) ? MetricKind.Sum
            : type == typeof(Gauge<>) ? MetricKind.Gauge
            : type == typeof(ObservableGauge<>) || type == typeof(ObservableUpDownCounter<>) ? MetricKind.ObservedGauge
            : type == typeof(Histogram<>) ? MetricKind.Histogram
            : null;
    }

    public static string TypeText(this MetricKind kind) => kind switch
    {
        MetricKind.Counter or MetricKind.ObservedCounter => "counter",
        MetricKind.Histogram => "histogram",
        _ => "gauge",
    };

    public static bool IsObserved(this MetricKind kind) => kind is MetricKind.ObservedCounter or MetricKind.ObservedGauge;
}
