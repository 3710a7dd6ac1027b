using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>values.yaml, its schema, and what is refused.</summary>
public sealed class SchemaTests
{
    /// <summary>Charts that this one is part of may set it.</summary>
    private const string Foreign = "global";

    private static JsonNode Schema { get; } = JsonNode.Parse(File.ReadAllText(Path.Combine(Helm.Chart, "values.schema.json")))!;

    private static JsonNode Defaults { get; } = YamlJson.Documents(File.ReadAllText(Path.Combine(Helm.Chart, "values.yaml"))).Single();

    [Theory]
    [MemberData(nameof(ValueSets.All), MemberType = typeof(ValueSets))]
    public async Task Helm_finds_no_fault(string set)
    {
        var run = await new Helm().TryAsync(CancellationToken.None, "lint", "--strict", Helm.Chart, "--values", Path.Combine(ValueSets.Folder, $"{set}.values.yaml"));
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        Assert.DoesNotContain("WARNING", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("operator: {replica: 2}", "/operator", "replica")]
    [InlineData("gateway: {service: {ports: 80}}", "/gateway/service", "ports")]
    [InlineData("monitoring: {rules: {enable: true}}", "/monitoring/rules", "enable")]
    [InlineData("namespace: team-a", "''", "namespace")]
    [InlineData("namespaces: [Team_A]", "/namespaces/0", "pattern")]
    [InlineData("namespaces: team-a", "/namespaces", "array")]
    [InlineData("operator: {replicas: two}", "/operator/replicas", "integer")]
    [InlineData("operator: {shards: 65}", "/operator/shards", "maximum")]
    [InlineData("operator: {debugPort: 8080}", "/operator/debugPort", "not")]
    [InlineData("operator: {prometheus: {url: prometheus:9090}}", "/operator/prometheus/url", "pattern")]
    [InlineData("operator: {allowCheckUrls: [evals.example.com/api]}", "/operator/allowCheckUrls/0", "pattern")]
    [InlineData("operator: {allowCheckUrls: ['https://evals.example.com/api?a=b']}", "/operator/allowCheckUrls/0", "pattern")]
    [InlineData("operator: {image: {digest: latest}}", "/operator/image/digest", "pattern")]
    [InlineData("operator: {extraArgs: [workers=3]}", "/operator/extraArgs/0", "pattern")]
    [InlineData("gateway: {maxBodyBytes: 10}", "/gateway/maxBodyBytes", "minimum")]
    [InlineData("gateway: {service: {type: Ingress}}", "/gateway/service/type", "ClusterIP")]
    [InlineData("gateway: {resources: {requests: {cpu: half}}}", "/gateway/resources/requests/cpu", "pattern")]
    [InlineData("operator: {resources: {limits: {memory: 1 GB}}}", "/operator/resources/limits/memory", "pattern")]
    [InlineData("operator: {lease: {duration: 3.5}}", "/operator/lease/duration", "integer")]
    [InlineData("operator: {lease: {retryPeriod: 0}}", "/operator/lease/retryPeriod", "minimum")]
    [InlineData("commonLabels: {app.kubernetes.io/name: mine}", "/commonLabels/app.kubernetes.io~1name", "false schema")]
    [InlineData("commonLabels: {team: a b}", "/commonLabels/team", "pattern")]
    [InlineData("operator: {podLabels: {app.kubernetes.io/instance: mine}}", "/operator/podLabels/app.kubernetes.io~1instance", "false schema")]
    [InlineData("gateway: {podLabels: {app.kubernetes.io/component: mine}}", "/gateway/podLabels/app.kubernetes.io~1component", "false schema")]
    [InlineData("monitoring: {scrapeLabels: {helm.sh/chart: mine}}", "/monitoring/scrapeLabels/helm.sh~1chart", "false schema")]
    [InlineData("monitoring: {rules: {labels: {app.kubernetes.io/part-of: mine}}}", "/monitoring/rules/labels/app.kubernetes.io~1part-of", "false schema")]
    [InlineData("monitoring: {dashboards: {labels: {app.kubernetes.io/managed-by: mine}}}", "/monitoring/dashboards/labels/app.kubernetes.io~1managed-by", "false schema")]
    [InlineData("monitoring: {rules: {runbookBaseUrl: docs/runbooks}}", "/monitoring/rules/runbookBaseUrl", "pattern")]
    [InlineData("monitoring: {scrape: Both}", "/monitoring/scrape", "PodMonitor")]
    public async Task What_is_wrong_is_refused_with_its_place(string values, string place, string word)
    {
        var run = await Rendering.TryAsync(values);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"at '{place.Trim('\'')}'", run.Errors, StringComparison.Ordinal);
        Assert.Contains(word, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Namespaces_that_are_named_and_labelled_are_refused_as_the_operator_refuses_them()
    {
        var run = await Rendering.TryAsync("{namespaces: [a], operator: {namespaceSelector: team=a}}");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("namespaces and operator.namespaceSelector exclude each other", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{duration: 3}")]
    [InlineData("{renewDeadline: 4}")]
    [InlineData("{retryPeriod: 3}")]
    public async Task Times_of_a_lease_that_would_let_two_lead_are_refused_as_the_operator_refuses_them(string lease)
    {
        var run = await Rendering.TryAsync($"operator: {{lease: {lease}}}");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("operator.lease: duration must be longer than renewDeadline", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_object_of_the_schema_says_which_keys_it_may_have()
    {
        var open = Objects(Schema, string.Empty).Where(o => o.Schema["additionalProperties"] is null).Select(o => o.Path);
        // The API server checks these; the last is nothing of ours.
        Assert.Equal(["/$defs/free", "/$defs/frees", "/global"], open.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Schema_and_values_have_the_same_keys()
    {
        var differences = new List<string>();
        Compare(Defaults, Schema, string.Empty);
        Assert.Equal([], differences);

        void Compare(JsonNode values, JsonNode schema, string path)
        {
            schema = Resolve(schema);
            if (values is not JsonObject obj || schema["properties"] is not JsonObject properties)
                return;
            differences.AddRange(properties.Where(p => !obj.ContainsKey(p.Key) && p.Key is not (Foreign or "claims") && !(path.EndsWith("/limits", StringComparison.Ordinal))).Select(p => $"{path}/{p.Key} is in the schema alone"));
            foreach (var (key, value) in obj)
            {
                if (properties[key] is { } property)
                    Compare(value!, property, $"{path}/{key}");
                else
                    differences.Add($"{path}/{key} is in values.yaml alone");
            }
        }
    }

    [Fact]
    public void Every_line_of_values_has_its_comment()
    {
        var lines = File.ReadAllLines(Path.Combine(Helm.Chart, "values.yaml"));
        var bare = lines.Where((line, i) => line.Trim() is { Length: > 0 } text && text[0] != '#' && (i == 0 || !lines[i - 1].TrimStart().StartsWith('#')));
        Assert.Equal([], bare);
    }

    private static JsonNode Resolve(JsonNode schema) => (string?)schema["$ref"] is { } reference ? Schema["$defs"]![reference["#/$defs/".Length..]]! : schema;

    private static IEnumerable<(string Path, JsonObject Schema)> Objects(JsonNode? node, string path)
    {
        if (node is JsonObject obj)
        {
            if (obj["type"] is JsonValue type && (string?)type == "object")
                yield return (path.Replace("/properties", string.Empty, StringComparison.Ordinal).Replace("/items", string.Empty, StringComparison.Ordinal), obj);
            foreach (var found in obj.SelectMany(member => Objects(member.Value, $"{path}/{member.Key}")))
                yield return found;
        }
        else if (node is JsonArray array)
        {
            foreach (var found in array.SelectMany(item => Objects(item, path)))
                yield return found;
        }
    }
}
