using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using Xunit;

namespace LlmOps.Charts.Tests.Monitoring;

/// <summary>Dashboards that the chart brings. That their queries are answered is a test of the end-to-end tests.</summary>
public sealed class DashboardTests
{
    private const int GridWidth = 24;

    private static readonly string Folder = Path.Combine(Helm.Chart, "files", "dashboards");

    public static TheoryData<string> Names => new(Directory.GetFiles(Folder, "*.json").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_panel_says_what_it_shows_lies_on_none_other_and_asks_for_metrics_that_there_are(string name)
    {
        var panels = Read(name)["panels"]!.AsArray().Select(panel => panel!).ToList();
        Assert.True(panels.Count > 10, $"{panels.Count} panels");
        Assert.Equal(panels.Count, panels.Select(panel => (int)panel["id"]!).Distinct().Count());
        var taken = new Dictionary<(int X, int Y), string>();
        foreach (var panel in panels)
        {
            var (title, place) = ((string)panel["title"]!, panel["gridPos"]!);
            for (var x = (int)place["x"]!; x < (int)place["x"]! + (int)place["w"]!; x++)
            {
                Assert.InRange(x, 0, GridWidth - 1);
                for (var y = (int)place["y"]!; y < (int)place["y"]! + (int)place["h"]!; y++)
                    Assert.True(taken.TryAdd((x, y), title), $"{title} lies on {taken[(x, y)]}");
            }

            if ((string?)panel["type"] == "row")
                continue;
            Assert.NotEmpty((string)panel["description"]!);
            Assert.All(panel["targets"]!.AsArray(), target =>
            {
                Assert.Empty(MetricNames.Unknown((string)target!["expr"]!));
                Assert.Equal("${datasource}", (string?)target["datasource"]!["uid"]);
            });
        }
    }

    [Fact]
    public async Task They_are_what_Grafana_s_own_types_allow_and_nothing_else()
    {
        var problems = await GrafanaTypes.CheckAsync(Directory.GetFiles(Folder, "*.json"), CancellationToken.None);
        Assert.True(problems.Length == 0, problems);
    }

    [Fact]
    public async Task A_field_that_Grafana_does_not_know_is_found()
    {
        var board = Read("fleet.json");
        board["panels"]![1]!["options"]!["colorMode"] = "colourful";
        board["panels"]![2]!["titel"] = "typo";
        var file = Path.Combine(Directory.CreateTempSubdirectory("dashboard").FullName, "wrong.json");
        await File.WriteAllTextAsync(file, board.ToJsonString());

        var problems = await GrafanaTypes.CheckAsync([file], CancellationToken.None);

        Assert.Contains("colourful", problems, StringComparison.Ordinal);
        Assert.Contains("titel", problems, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task The_chart_brings_them_as_they_are()
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read("everything"));
        var brought = rendering.Of("ConfigMap").SelectMany(map => map["data"]?.AsObject() ?? []).Where(file => file.Key.EndsWith(".json", StringComparison.Ordinal)).ToDictionary(file => file.Key, file => (string)file.Value!);
        Assert.Equal(Directory.GetFiles(Folder).Length, brought.Count);
        Assert.All(Directory.GetFiles(Folder), file =>
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(file)), JsonNode.Parse(brought.Single(entry => entry.Key.EndsWith(Path.GetFileName(file), StringComparison.Ordinal)).Value)), file));
    }

    private static JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name)))!;
}
