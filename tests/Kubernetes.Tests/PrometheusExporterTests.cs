using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly Meter meter = new($"Test.{Guid.NewGuid()}");
    private readonly PrometheusExporter exporter;

    public PrometheusExporterTests() => exporter = new PrometheusExporter(new() { Meters = [meter.Name], MaxSeriesPerMetric = 3 });

    public void Dispose()
    {
        exporter.Dispose();
        meter.Dispose();
    }

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);

    private string Text()
    {
        var buffer = new ArrayBufferWriter<byte>();
        exporter.Write(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    [Fact]
    public void Every_kind_of_instrument_is_written_as_the_format_says()
    {
        var requests = meter.CreateCounter<long>("gateway.requests", "{request}", "Requests\nby \\ code.");
        requests.Add(2, Tag("code", 200), Tag("model", "a\"b\\c\nd"));
        requests.Add(1, Tag("model", "a\"b\\c\nd"), Tag("code", 200));
        requests.Add(5, Tag("code", 503), Tag("stream", true));
        meter.CreateCounter<double>("bytes_total", "By").Add(1.5);
        var depth = meter.CreateUpDownCounter<int>("queue-depth");
        depth.Add(5);
        depth.Add(-2);
        meter.CreateGauge<double>("1st.weight").Record(double.NaN);
        meter.CreateObservableGauge("temperature", () => new Measurement<double>(1e21, Tag("gpu", "0")));
        meter.CreateObservableCounter("cpu", () => 12L, "s");
        var latency = meter.CreateHistogram("ttft", "s", "Time to first token.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.5] });
        foreach (var seconds in (double[])[0.05, 0.1, 0.3, 7])
            latency.Record(seconds, Tag("track", "stable"));
        meter.CreateHistogram<long>("plain").Record(3);

        Assert.Equal(
            """
            # TYPE _1st_weight gauge
            _1st_weight NaN
            # TYPE bytes_total counter
            bytes_total 1.5
            # TYPE cpu_seconds_total counter
            cpu_seconds_total 12
            # HELP gateway_requests_total Requests\nby \\ code.
            # TYPE gateway_requests_total counter
            gateway_requests_total{code="200",model="a\"b\\c\nd"} 3
            gateway_requests_total{code="503",stream="true"} 5
            # TYPE plain histogram
            plain_bucket{le="0.005"} 0
            plain_bucket{le="0.01"} 0
            plain_bucket{le="0.025"} 0
            plain_bucket{le="0.05"} 0
            plain_bucket{le="0.1"} 0
            plain_bucket{le="0.25"} 0
            plain_bucket{le="0.5"} 0
            plain_bucket{le="1"} 0
            plain_bucket{le="2.5"} 0
            plain_bucket{le="5"} 1
            plain_bucket{le="10"} 1
            plain_bucket{le="+Inf"} 1
            plain_sum 3
            plain_count 1
            # TYPE queue_depth gauge
            queue_depth 3
            # TYPE temperature gauge
            temperature{gpu="0"} 1E+21
            # HELP ttft_seconds Time to first token.
            # TYPE ttft_seconds histogram
            ttft_seconds_bucket{track="stable",le="0.1"} 2
            ttft_seconds_bucket{track="stable",le="0.5"} 3
            ttft_seconds_bucket{track="stable",le="+Inf"} 4
            ttft_seconds_sum{track="stable"} 7.45
            ttft_seconds_count{track="stable"} 4

            """, Text());
    }

    [Fact]
    public void A_label_without_bounds_cannot_eat_the_memory()
    {
        var counter = meter.CreateCounter<long>("hits");
        for (var i = 0; i < 100; i++)
            counter.Add(1, Tag("user", i));

        var text = Text();
        Assert.Equal(3, text.Split('\n').Count(l => l.StartsWith("hits_total{", StringComparison.Ordinal)));
        Assert.Contains("prometheus_exporter_dropped_measurements_total{metric=\"hits_total\"} 97", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_that_is_not_observed_any_more_goes_away()
    {
        string[] models = ["a", "b"];
        meter.CreateObservableGauge("weight", () => models.Select(m => new Measurement<int>(1, Tag("model", m))));
        Assert.Contains("model=\"b\"", Text(), StringComparison.Ordinal);
        models = ["a"];
        var text = Text();
        Assert.Contains("model=\"a\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("model=\"b\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_callback_that_throws_costs_only_its_own_values()
    {
        meter.CreateObservableGauge("broken", int () => throw new InvalidOperationException("mine"));
        meter.CreateObservableGauge("healthy", () => 1);
        Assert.Equal("# TYPE healthy gauge\nhealthy 1\n", Text());
    }

    [Fact]
    public void Only_the_meters_that_were_asked_for_are_shown()
    {
        using var other = new Meter("Other");
        other.CreateCounter<long>("x").Add(1);
        Assert.Empty(Text());
    }

    [Fact]
    public void Nothing_is_lost_when_many_threads_record()
    {
        var counter = meter.CreateCounter<double>("n");
        var histogram = meter.CreateHistogram<double>("h");
        Parallel.For(0, 20_000, i =>
        {
            counter.Add(0.5, Tag("k", i % 2 == 0 ? "a" : "b"));
            histogram.Record(1);
        });

        var text = Text();
        Assert.Contains("n_total{k=\"a\"} 5000\nn_total{k=\"b\"} 5000\n", text, StringComparison.Ordinal);
        Assert.Contains("h_sum 20000\nh_count 20000\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Recording_a_known_label_set_allocates_nothing()
    {
        var counter = meter.CreateCounter<long>("n");
        object code = 200;
        counter.Add(1, Tag("code", code), Tag("model", "m"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            counter.Add(1, Tag("code", code), Tag("model", "m"));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_client_and_the_queue_are_measured()
    {
        using var own = new PrometheusExporter(new() { Meters = ["LlmOps.*"] });
        using var queue = new WorkQueue<string>(new() { Name = "measured" });
        queue.Add("a");
        queue.Add("b");
        var buffer = new ArrayBufferWriter<byte>();
        own.Write(buffer);
        var text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Assert.Contains("workqueue_depth{name=\"measured\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("workqueue_adds_total{name=\"measured\"} 2\n", text, StringComparison.Ordinal);
    }
}
