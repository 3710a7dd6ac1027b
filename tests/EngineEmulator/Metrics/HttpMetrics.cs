using System.Collections.Concurrent;

namespace LlmOps.EngineEmulator.Metrics;

/// <summary>
/// What prometheus-fastapi-instrumentator adds to vLLM's exposition: the only place where its 4xx and 5xx answers can be
/// seen. Series appear with their first request.
/// </summary>
internal sealed class HttpMetrics
{
    private readonly ConcurrentDictionary<(string Handler, string Method, string Status), Value> _requests = new();
    private readonly ConcurrentDictionary<(string Handler, string Method), Histogram> _byHandler = new();
    private readonly Histogram _highResolution = new(Buckets.HttpHighResolution);

    public void Responded(string handler, string method, int status, double seconds)
    {
        _requests.GetOrAdd((handler, method, $"{status / 100}xx"), static _ => new Value()).Add();
        _byHandler.GetOrAdd((handler, method), static _ => new Histogram(Buckets.HttpByHandler)).Observe(seconds);
        _highResolution.Observe(seconds);
    }

    public void Write(Exposition exposition)
    {
        exposition.Family("http_requests_total", "counter", "Total number of requests by method, status and handler.");
        foreach (var ((handler, method, status), value) in _requests.OrderBy(pair => pair.Key))
            exposition.Sample("http_requests_total", Labels.Of(("handler", handler), ("method", method), ("status", status)), value.Current);
        exposition.Family("http_request_duration_highr_seconds", "histogram",
            "Latency with many buckets but no API specific labels. Made for more accurate percentile calculations. ");
        _highResolution.Write(exposition, "http_request_duration_highr_seconds", Labels.None);
        exposition.Family("http_request_duration_seconds", "histogram",
            "Latency with only few buckets by handler. Made to be only used if aggregation by handler is important. ");
        foreach (var ((handler, method), histogram) in _byHandler.OrderBy(pair => pair.Key))
            histogram.Write(exposition, "http_request_duration_seconds", Labels.Of(("handler", handler), ("method", method)));
    }
}
