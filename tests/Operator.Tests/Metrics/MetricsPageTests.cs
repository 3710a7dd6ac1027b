using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text;
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
        var code = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["prometheus_exporter_dropped_measurements_total"] = "counter" };
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name is RolloutMetrics.MeterName or KubernetesMetrics.MeterName)
                code[instrument.Name] = TypeOf(instrument);
        };
        RuntimeHelpers.RunClassConstructor(typeof(KubernetesMetrics).TypeHandle);
        listener.Start();

        var page = Row().Matches(File.ReadAllText(Page()).Split("\n## Gateway")[0]).ToDictionary(row => row.Groups["name"].Value, row => row.Groups["type"].Value);
        Assert.True(code.Count > 25, $"{code.Count} metrics");
        Assert.Equal(code.Select(metric => $"{metric.Key} {metric.Value}"), page.OrderBy(row => row.Key, StringComparer.Ordinal).Select(row => $"{row.Key} {row.Value}"));
    }

    /// <summary>Prometheus' own linter on all that an operator at work shows.</summary>
    [PromtoolFact]
    public async Task Promtool_has_nothing_to_say_about_the_runtime_of_an_operator_at_work()
    {
        using var exporter = new PrometheusExporter();
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var buffer = new ArrayBufferWriter<byte>();
        exporter.Write(buffer);
        var text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Assert.Contains("informer_objects{kind=\"LlmDeployment\"}", text, StringComparison.Ordinal);
        Assert.Contains("workqueue_longest_wait_seconds{name=\"llmdeployment\"}", text, StringComparison.Ordinal);
        Assert.Contains("controller_runtime_reconcile_time_seconds_count{controller=\"llmdeployment\"}", text, StringComparison.Ordinal);
        Assert.Contains("rest_client_request_duration_seconds_count{verb=\"patch\"}", text, StringComparison.Ordinal);

        using var promtool = Process.Start(new ProcessStartInfo(PrometheusServer.Promtool!, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.True(promtool.ExitCode == 0, said);
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
