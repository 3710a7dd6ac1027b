using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Manifests;
using LlmOps.Manifests.Charts;
using Xunit;

namespace LlmOps.Api.Tests.Schema;

public sealed class GeneratedFilesTests
{
    [Fact]
    public void Files_in_the_repository_are_those_of_the_types()
    {
        Assert.Empty(new OutputFolder(Path.Combine(Repository.Root, "crds"), GeneratedFiles.CustomResources()).Differences());
        Assert.Empty(new OutputFolder(Path.Combine(Repository.Root, "config", "rbac"), GeneratedFiles.Rbac()).Differences());
        Assert.Empty(new OutputFolder(Path.Combine(Repository.Root, "docs"), GeneratedFiles.Documents()).Differences());
        var (config, chart) = (Path.Combine(Repository.Root, "config"), Path.Combine(Repository.Root, "charts", "llmops"));
        Assert.Empty(new OutputFolder(Path.Combine(config, "prometheus"), ChartFiles.Prometheus(chart)).Differences());
        Assert.Empty(new OutputFolder(Path.Combine(chart, "files", "crds"), GeneratedFiles.CustomResources()).Differences());
        Assert.Empty(new OutputFolder(Path.Combine(chart, "files", "rbac"), ChartFiles.Rbac(config)).Differences());
        Assert.Empty(new OutputFolder(Path.Combine(chart, "files", "policy"), ChartFiles.Policies(config)).Differences());
    }

    [Fact]
    public void Two_runs_write_the_same_bytes_with_lf_and_the_header()
    {
        var files = GeneratedFiles.CustomResources();
        Assert.Equal(files, GeneratedFiles.CustomResources());
        Assert.All(files, f => Assert.StartsWith(GeneratedFiles.Header, f.Content, StringComparison.Ordinal));
        Assert.All(files, f => Assert.DoesNotContain('\r', f.Content));
    }

    [Fact]
    public void Every_field_of_every_kind_has_a_description()
    {
        var bare = Schemas().SelectMany(s => Fields(s.Kind, s.Schema))
            .Where(f => f.Path.Count(c => c == '.') != 1 || !f.Path.EndsWith(".metadata", StringComparison.Ordinal))
            .Where(f => string.IsNullOrWhiteSpace(f.Schema["description"]?.GetValue<string>()))
            .Select(f => f.Path);
        Assert.Empty(bare);
    }

    [Fact]
    public void Every_description_is_a_sentence_for_people()
    {
        var descriptions = Schemas().SelectMany(s => Fields(s.Kind, s.Schema)).Select(f => (f.Path, Text: f.Schema["description"]?.GetValue<string>())).Where(d => d.Text is not null).Select(d => (d.Path, Text: d.Text!)).ToArray();
        Assert.All(descriptions, d =>
        {
            Assert.DoesNotContain("<", d.Text, StringComparison.Ordinal);
            Assert.True(d.Text[^1] is '.' or ')', $"{d.Path}: {d.Text}");
            Assert.True(d.Text.Split(' ').Length >= 4, $"{d.Path}: '{d.Text}' tells nobody anything: what is it, in which unit, from where?");
        });
    }

    [Fact]
    public void Every_list_and_map_has_a_bound()
    {
        var unbounded = Schemas().SelectMany(s => Fields(s.Kind, s.Schema))
            .Where(f => (f.Schema["items"] is not null && f.Schema["maxItems"] is null) || (f.Schema["additionalProperties"] is not null && f.Schema["maxProperties"] is null))
            .Select(f => f.Path);
        Assert.Empty(unbounded);
    }

    [Fact]
    public void Every_text_of_a_spec_has_a_bound()
    {
        var unbounded = Schemas().SelectMany(s => Fields(s.Kind, s.Schema))
            .Where(f => f.Path.Contains(".spec.", StringComparison.Ordinal) && !f.Path.Contains(".tolerations.", StringComparison.Ordinal) && !f.Path.Contains(".imagePullSecrets.", StringComparison.Ordinal))
            .Where(f => f.Schema["type"]?.GetValue<string>() == "string" && f.Schema["maxLength"] is null && f.Schema["enum"] is null && f.Schema["format"] is null)
            .Select(f => f.Path);
        Assert.Empty(unbounded);
    }

    private static IEnumerable<(string Kind, JsonObject Schema)> Schemas() =>
        from file in GeneratedFiles.CustomResources()
        let crd = YamlJson.Documents(file.Content).Single()
        select (crd["spec"]!["names"]!["kind"]!.GetValue<string>(), crd["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject());

    private static IEnumerable<(string Path, JsonObject Schema)> Fields(string path, JsonObject schema)
    {
        foreach (var (name, value) in schema["properties"]?.AsObject() ?? [])
        {
            yield return ($"{path}.{name}", value!.AsObject());
            foreach (var nested in Fields($"{path}.{name}", (value["items"] ?? value["additionalProperties"] ?? value).AsObject()))
                yield return nested;
        }
    }
}
