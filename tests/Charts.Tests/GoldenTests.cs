using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>What each set of values renders to, compared with a file. <c>LLMOPS_UPDATE_GOLDEN=1</c> writes it anew; read the diff before committing it.</summary>
public sealed class GoldenTests
{
    [Theory]
    [MemberData(nameof(ValueSets.All), MemberType = typeof(ValueSets))]
    public async Task A_set_of_values_renders_to_its_objects(string set)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set));
        // CRDs and rules are generated and have tests of their own; roles for people and policies are copies of config/; alerts and dashboards are files of the chart.
        var objects = rendering.Objects.Where(obj => (string?)obj["kind"] != "CustomResourceDefinition" && obj["metadata"]!["labels"]?["helm.sh/chart"] is not null).Select(obj => obj.DeepClone())
            .OrderBy(obj => (string?)obj["kind"], StringComparer.Ordinal).ThenBy(Rendering.Name, StringComparer.Ordinal).ThenBy(obj => (string?)obj["metadata"]!["namespace"], StringComparer.Ordinal);
        var actual = string.Join("---\n", objects.Select(WithoutFiles).Select(Yaml.Write));

        var path = Path.Combine(ValueSets.Folder, $"{set}.yaml");
        if (Environment.GetEnvironmentVariable("LLMOPS_UPDATE_GOLDEN") == "1")
            await File.WriteAllTextAsync(path, actual);
        Assert.True(File.Exists(path), $"{path} is missing: run the test once with LLMOPS_UPDATE_GOLDEN=1");
        Assert.Equal(await File.ReadAllTextAsync(path), actual);
    }

    private static JsonNode WithoutFiles(JsonNode obj)
    {
        if ((string?)obj["kind"] is "ClusterRole" or "Role")
            obj.AsObject().Remove("rules");
        if ((string?)obj["kind"] is "PrometheusRule")
            obj.AsObject().Remove("spec");
        foreach (var file in obj["data"] is JsonObject data ? data.Select(entry => entry.Key).Where(key => key.EndsWith(".json", StringComparison.Ordinal)).ToList() : [])
            obj["data"]![file] = "a dashboard";
        return obj;
    }
}
