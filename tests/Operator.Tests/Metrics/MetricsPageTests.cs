using System.Buffers;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Metrics;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Metrics;

/// <summary>What the operator serves under <c>/metrics</c>, and what docs/metrics.md says of it.</summary>
public sealed partial class MetricsPageTests(ITestOutputHelper output)
{
    [Fact]
    public void The_page_tells_of_every_metric_with_its_type_and_of_no_other()
    {
        using var own = new RolloutMetrics(() => [], new ManualTime());
        var code = Instruments();
        code.Add("prometheus_exporter_dropped_measurements_total", "counter");

        var page = Row().Matches(File.ReadAllText(Page()).Split("\n## Gateway")[0]).ToDictionary(row => row.Groups["name"].Value, row => row.Groups["type"].Value);
        Assert.True(code.Count > 25, $"{code.Count} metrics");
        Assert.Equal(code.Select(metric => $"{metric.Key} {metric.Value}"), page.OrderBy(row => row.Key, StringComparer.Ordinal).Select(row => $"{row.Key} {row.Value}"));
    }

    /// <summary>Prometheus' own linter on all that an operator at work shows, which has had every trouble that it counts.</summary>
    [PrometheusFact]
    public async Task Promtool_has_nothing_to_say_about_a_page_that_shows_every_instrument()
    {
        using var exporter = new PrometheusExporter();
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        world.Options = options => options with { LeaderElect = true };
        world.Server.Faults.When(request => request.IsStreamedList && request.Plural == "evalgates", FaultEffect.Status(422, "Invalid"));
        world.Server.Faults.When(request => request is { Verb: "list", Plural: "evalgates" }, FaultEffect.Status(500, "InternalError"), times: 1);
        world.Server.Faults.When(request => request is { Verb: "patch", Plural: "llmdeployments", Subresource: "status" }, FaultEffect.Status(500, "InternalError"), times: 1);
        world.Server.Faults.When(request => request.Plural == "events", FaultEffect.Status(403, "Forbidden"));
        world.StartOperator();
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        await world.UntilAsync(bot => bot.Status is { Candidate: null, Stable.Revision: "v1" }, "v1 serves");
        world.Server.Seed(TooDeep());
        world.Server.Watches.DropAll(resource: "evalgates.llmops.dev");
        var time = new ManualTime();
        var status = RolloutMetricsTests.Running(time);
        status = status with { Rollout = status.Rollout! with { Deadline = time.GetUtcNow() } };
        using var rollouts = new RolloutMetrics(() => [Samples.Deployment() with { Status = status }], time);
        var (before, decision) = RolloutMetricsTests.Reverted();
        rollouts.Decided(before, decision, TimeSpan.FromMilliseconds(20));

        IEnumerable<string> Missing() => Instruments().Keys.Except(Promtool.Shown(Page(exporter)));
        await world.UntilAsync(() => !Missing().Any(), () => $"all are shown but {string.Join(", ", Missing())}");
        Assert.Empty(await Promtool.CheckMetricsAsync(Page(exporter)));
    }

    private static JsonObject TooDeep() => new()
    {
        ["apiVersion"] = "llmops.dev/v1alpha1",
        ["kind"] = "PromptVersion",
        ["metadata"] = new JsonObject { ["name"] = "deep", ["namespace"] = Samples.Namespace },
        ["spec"] = new JsonObject
        {
            ["family"] = "deep",
            ["version"] = "1.0.0",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["template"] = "x" }),
            ["parameters"] = new JsonObject { ["responseFormat"] = new JsonObject { ["x"] = Enumerable.Range(0, 200).Aggregate(new JsonArray(), (inner, _) => [inner]) } },
        },
    };

    private static string Page(PrometheusExporter exporter)
    {
        var buffer = new ArrayBufferWriter<byte>();
        exporter.Write(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Every instrument of the operator, with its type.</summary>
    private static SortedDictionary<string, string> Instruments()
    {
        var instruments = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name is RolloutMetrics.MeterName or KubernetesMetrics.MeterName)
                instruments[instrument.Name] = TypeOf(instrument);
        };
        RuntimeHelpers.RunClassConstructor(typeof(KubernetesMetrics).TypeHandle);
        listener.Start();
        return instruments;
    }

    private static string TypeOf(Instrument instrument) => instrument.GetType().Name switch
    {
        "Counter`1" or "ObservableCounter`1" => "counter",
        "Histogram`1" => "histogram",
        _ => "gauge",
    };

    private static string Page([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "metrics.md"));

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| (?<type>[a-z]+) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
