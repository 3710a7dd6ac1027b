using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Limits;
using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests;

public sealed partial class MetricsTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Every_line_parses_and_the_documented_series_are_there()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        for (var i = 0; i < 30; i++)
            await bed.ChatAsync(GatewayBed.Body(stream: i % 2 == 0));

        var text = await bed.AdminAsync("/metrics");

        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.Matches(Line(), line);
        foreach (var name in new[]
        {
            "llmops_gateway_requests_total", "llmops_gateway_request_duration_seconds_bucket", "llmops_gateway_time_to_first_token_seconds_bucket",
            "llmops_gateway_time_per_output_token_seconds_sum", "llmops_gateway_tokens_total", "llmops_gateway_requests_in_flight",
            "llmops_assigned_total", "llmops_bad_total",
        })
            Assert.Contains(text.Split('\n'), l => l.StartsWith(name + "{", StringComparison.Ordinal));
        Assert.Equal(30, Sum(text, "llmops_gateway_requests_total"));
        Assert.Equal(0, Sum(text, "llmops_gateway_requests_in_flight"));
        Assert.Equal(30, Sum(text, "llmops_assigned_total"));
        Assert.Contains("deployment=\"bot\"", text);
        Assert.Contains("release=\"r-candidate\"", text);
    }

    [Fact]
    public async Task How_full_it_is_and_what_it_refused_is_told()
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxConcurrentRequests = 0 });
        await bed.ChatAsync();

        var text = await bed.AdminAsync("/metrics");

        Assert.Contains("\nllmops_gateway_concurrency_limit 0\n", text);
        Assert.Contains("\nllmops_gateway_concurrent_requests 0\n", text);
        Assert.Contains("\nllmops_gateway_refused_requests_total 1\n", text);
    }

    [Fact]
    public void The_page_of_the_documentation_tells_of_every_metric_with_its_type_and_of_no_other()
    {
        var code = Instruments();

        var page = Row().Matches(File.ReadAllText(Page()).Split("\n## Gateway")[1]).ToDictionary(row => row.Groups["name"].Value, row => row.Groups["type"].Value);
        Assert.True(code.Count > 15, $"{code.Count} metrics");
        Assert.Equal(code.Select(metric => $"{metric.Key} {metric.Value}"), page.OrderBy(row => row.Key, StringComparer.Ordinal).Select(row => $"{row.Key} {row.Value}"));
    }

    /// <summary>Prometheus' own linter; what informers and requests to the API server count is on the operator's page too, and checked there.</summary>
    [PrometheusFact]
    public async Task Promtool_has_nothing_to_say_about_a_page_that_shows_every_instrument()
    {
        await using var bed = await GatewayBed.StartAsync();
        await using var second = await FakeEngine.StartAsync(Answers.Refuse);
        bed.Gateway.Routes.Apply(null, Cluster.Slice("candidate", second.Address));
        bed.Weigh(0, pricing: new() { InputPerMillion = 1, OutputPerMillion = 2, Currency = "USD" });
        await bed.ChatAsync();
        bed.Candidate.Answer = Answers.Refuse;
        bed.Weigh(100, epoch: 2);
        Assert.Equal(Tracks.Stable, (await bed.ChatAsync()).Track);
        Assert.Equal(200, (await bed.ChatAsync("""{"model":"bot","session":"a","rating":"negative"}""", path: "/v1/feedback")).Status);
        bed.Candidate.Answer = second.Answer = Answers.Right("copy");
        bed.Mirror(maxConcurrent: 1, epoch: 3);
        await bed.ChatAsync();
        await Eventually.TrueAsync(async _ => Promtool.Shown(await bed.AdminAsync("/metrics")).Contains(GatewayMetricNames.Mirrored), Soon, () => "the copy is answered");
        bed.Candidate.Answer = second.Answer = Answers.Silence();
        await bed.ChatAsync();
        await bed.ChatAsync();

        var page = await bed.AdminAsync("/metrics");
        Assert.Equal([], Instruments().Keys.Except(Promtool.Shown(page)));
        Assert.Empty(await Promtool.CheckMetricsAsync(page));
    }

    /// <summary>Every instrument of the gateway's own, with its type.</summary>
    private static SortedDictionary<string, string> Instruments()
    {
        using var exporter = new PrometheusExporter(new() { Meters = [] });
        var code = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        var meter = $"Test.{Guid.NewGuid()}";
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == meter)
                code[instrument.Name] = instrument.GetType().Name switch { "Counter`1" or "ObservableCounter`1" => "counter", "Histogram`1" => "histogram", _ => "gauge" };
        };
        listener.Start();
        using var metrics = new GatewayMetrics(meter, new EvidenceLedger(TimeSpan.Zero, TimeProvider.System), new ConcurrencyLimit(1), new RetiredSeries(exporter, TimeSpan.Zero, TimeProvider.System));
        return code;
    }

    private static string Page([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "docs", "metrics.md"));

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| (?<type>[a-z]+) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();

    [Fact]
    public async Task Tokens_are_the_engines_usage_and_chunks_where_it_gives_none()
    {
        await using var bed = await GatewayBed.StartAsync();
        await bed.ChatAsync();
        await bed.ChatAsync(GatewayBed.Body(stream: false));
        bed.Stable.Answer = Answers.Stream(Answers.RoleChunk, Answers.TextChunk("a"), Answers.TextChunk("b"), Answers.TextChunk("c"), Answers.FinishChunk, Answers.Done);
        await bed.ChatAsync();

        var text = await bed.AdminAsync("/metrics");

        Assert.Equal(7 + 7, Sum(text, "llmops_gateway_tokens_total", "direction=\"input\""));
        Assert.Equal(5 + 2, Sum(text, "llmops_gateway_tokens_total", "estimated=\"false\"", "direction=\"output\""));
        Assert.Equal(3, Sum(text, "llmops_gateway_tokens_total", "estimated=\"true\"", "direction=\"output\""));
    }

    [Fact]
    public async Task Series_of_a_release_that_no_longer_serves_go_after_five_minutes_and_not_before()
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(weight: 50, time: time);
        for (var i = 0; i < 30; i++)
            await bed.ChatAsync();
        Serve(bed, "r-candidate");
        await bed.ChatAsync();

        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Contains("release=\"r-stable\"", await bed.AdminAsync("/metrics"));
        time.Advance(TimeSpan.FromMinutes(2));
        var text = await bed.AdminAsync("/metrics");
        Assert.DoesNotContain("release=\"r-stable\"", text);
        Assert.Contains("release=\"r-candidate\",track=\"stable\"", text);

        // One that comes back in time keeps what it counted.
        bed.Weigh(0);
        Serve(bed, "r-candidate");
        bed.Weigh(50);
        await bed.ChatAsync(session: GatewayBed.Sessions("stable", 50).First());
        time.Advance(TimeSpan.FromMinutes(30));
        Assert.Contains("release=\"r-stable\"", await bed.AdminAsync("/metrics"));

        bed.Gateway.Routes.Apply(Cluster.Deployment(), (LlmOps.Api.LlmDeployment?)null);
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.DoesNotContain("release=", await bed.AdminAsync("/metrics"));

        static void Serve(GatewayBed bed, string release) =>
            bed.Gateway.Routes.Apply(null, Cluster.Deployment(stable: Cluster.Release(release, "candidate", 100)));
    }

    private static double Sum(string text, string name, params string[] labels) => text.Split('\n')
        .Where(l => l.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(l.Contains))
        .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    [GeneratedRegex("""^(# (HELP|TYPE) .+|[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)*\})? ([0-9.eE+-]+|\+Inf|NaN))$""")]
    private static partial Regex Line();
}
