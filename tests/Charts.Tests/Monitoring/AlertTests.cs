using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.Charts.Tests.Monitoring;

/// <summary>Alerts that the chart brings: with promtool, and with the pages that they lead to.</summary>
public sealed partial class AlertTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly string Tests = Path.Combine(Workspace.Repository, "tests", "Charts.Tests", "Monitoring", "alerts.test.yaml");
    private static readonly string[] Files = Directory.GetFiles(Path.Combine(Helm.Chart, "files", "alerts"), "*.yaml");
    private static readonly string[] Severities = ["critical", "warning", "info"];

    private static IReadOnlyList<JsonNode> Alerts { get; } =
        [.. Files.SelectMany(file => YamlJson.Documents(File.ReadAllText(file))).SelectMany(file => file["groups"]!.AsArray()).SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!)];

    [Fact]
    public async Task Promtool_reads_them_and_each_fires_when_it_must_and_only_then()
    {
        Assert.True(PrometheusServer.Problem is null, PrometheusServer.Problem);
        var check = await ToolProcess.RunAsync(PrometheusServer.Promtool!, null, Limit, ["check", "rules", .. Files], CancellationToken.None);
        Assert.True(check.ExitCode == 0, check.Output + check.Errors);
        var test = await ToolProcess.RunAsync(PrometheusServer.Promtool!, null, Limit, ["test", "rules", Tests], CancellationToken.None);
        Assert.True(test.ExitCode == 0, test.Output + test.Errors);
        var tests = await File.ReadAllTextAsync(Tests);
        Assert.All(Alerts, alert => Assert.Contains((string)alert["alert"]!, tests, StringComparison.Ordinal));
        Assert.All(Files, file => Assert.Contains(Path.GetFileName(file), tests, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_says_how_bad_it_is_what_it_means_and_leads_to_a_runbook_that_names_it()
    {
        Assert.True(Alerts.Count > 10, $"{Alerts.Count} alerts");
        Assert.All(Alerts, alert =>
        {
            var name = (string)alert["alert"]!;
            Assert.StartsWith("LlmOps", name, StringComparison.Ordinal);
            Assert.Contains((string?)alert["labels"]!["severity"], Severities);
            Assert.NotEmpty((string)alert["annotations"]!["summary"]!);
            Assert.NotEmpty((string)alert["annotations"]!["description"]!);
            var page = Path.Combine(Workspace.Repository, (string)alert["annotations"]!["runbook"]!);
            Assert.True(File.Exists(page), $"{name}: {page} is missing");
            Assert.Contains(name, File.ReadLines(page).First(), StringComparison.Ordinal);
            Assert.Contains("**Get up?**", File.ReadAllText(page), StringComparison.Ordinal);
        });
        var pages = Directory.GetFiles(Path.Combine(Workspace.Repository, "docs", "runbooks"), "*.md").Where(page => Path.GetFileName(page) != "README.md");
        var told = pages.SelectMany(page => Named().Matches(File.ReadLines(page).First())).Select(match => match.Value);
        Assert.Equal(Alerts.Select(alert => (string)alert["alert"]!).Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void They_ask_for_metrics_that_there_are() => Assert.All(Alerts, alert => Assert.Empty(MetricNames.Unknown((string)alert["expr"]!)));

    [Fact]
    public async Task The_chart_brings_them_as_they_are()
    {
        var brought = await BroughtAsync("monitoring: {rules: {enabled: true}}");
        Assert.Equal(Alerts.Select(alert => alert.ToJsonString()).Order(StringComparer.Ordinal), brought.Select(rule => rule.ToJsonString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("https://git.example.com/llmops/-/blob/main/docs/runbooks")]
    [InlineData("https://git.example.com/llmops/-/blob/main/docs/runbooks/")]
    public async Task Where_the_pages_are_to_be_had_each_links_to_its_own(string address)
    {
        var brought = await BroughtAsync($"monitoring: {{rules: {{enabled: true, runbookBaseUrl: '{address}'}}}}");
        Assert.Equal(Alerts.Count, brought.Count);
        Assert.All(brought, rule =>
        {
            var annotations = rule["annotations"]!;
            Assert.Null(annotations["runbook"]);
            var told = Alerts.Single(alert => (string?)alert["alert"] == (string?)rule["alert"]);
            Assert.Equal($"https://git.example.com/llmops/-/blob/main/{told["annotations"]!["runbook"]}", (string?)annotations["runbook_url"]);
            Assert.True(Uri.TryCreate((string?)annotations["runbook_url"], UriKind.Absolute, out _));
        });
    }

    private static async Task<IReadOnlyList<JsonNode>> BroughtAsync(string values) =>
        [.. (await Rendering.OfAsync(values)).Of("PrometheusRule").SelectMany(rule => rule["spec"]!["groups"]!.AsArray()).SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!)];

    [GeneratedRegex("LlmOps[A-Za-z]+")]
    private static partial Regex Named();
}
