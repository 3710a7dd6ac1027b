using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>Every value does something: a value without effect is a promise that nobody keeps.</summary>
public sealed class EffectTests
{
    /// <summary>Values that something else in everything.values.yaml hides, with what shows them.</summary>
    private static readonly Dictionary<string, (string Before, string After)> Hidden = new()
    {
        ["nameOverride"] = ("{}", "nameOverride: other"),
        ["namespaces"] = ("{}", "namespaces: [a]"),
        ["operator.image.tag"] = ("{}", "operator: {image: {tag: v9}}"),
        ["gateway.image.digest"] = ("{}", "gateway: {image: {digest: 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}}"),
        ["evaluator.image.digest"] = ("{}", "evaluator: {image: {digest: 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}}"),
        ["gateway.image.pullPolicy"] = ("{}", "gateway: {image: {pullPolicy: Never}}"),
        ["gateway.serviceAccount.annotations"] = ("{}", "gateway: {serviceAccount: {annotations: {a: b}}}"),
        ["gateway.serviceAccount.create"] = ("{}", "gateway: {serviceAccount: {create: false}}"),
        ["gateway.podDisruptionBudget.maxUnavailable"] = ("{}", "gateway: {podDisruptionBudget: {maxUnavailable: 2}}"),
    };

    public static IEnumerable<object[]> Paths => Leaves(Defaults(), string.Empty).Select(path => new object[] { path });

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_value_changes_what_is_installed(string path)
    {
        var (before, after) = Hidden.TryGetValue(path, out var pair) ? (await RenderAsync(pair.Before), await RenderAsync(pair.After)) : await WithAndWithoutAsync(path);
        Assert.NotEqual(before, after);
    }

    private static async Task<(string With, string Without)> WithAndWithoutAsync(string path)
    {
        var values = YamlJson.Documents(ValueSets.Read("everything")).Single();
        var keys = path.Split('.');
        var parent = values.AsObject();
        foreach (var key in keys[..^1])
            parent = (parent[key] ??= new JsonObject()).AsObject();
        if (!parent.Remove(keys[^1]))
        {
            var usual = keys.Aggregate(Defaults(), (node, key) => node[key]!);
            Assert.True(usual.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False, $"everything.values.yaml does not say {path}: nothing shows that it does something");
            parent[keys[^1]] = !(bool)usual;
        }

        return (await Everything.Value, await RenderAsync(values.ToJsonString()));
    }

    private static async Task<string> RenderAsync(string values) => (await Rendering.OfAsync(values, await ChartWithDashboard.Value)).Text;

    /// <summary>The chart with a dashboard, of which it has none yet of its own at times, and with short CRDs.</summary>
    private static readonly Lazy<Task<string>> ChartWithDashboard = new(ChartCopy.WithDashboardAsync);

    private static readonly Lazy<Task<string>> Everything = new(() => RenderAsync(ValueSets.Read("everything")));

    private static JsonNode Defaults() => YamlJson.Documents(File.ReadAllText(Path.Combine(Helm.Chart, "values.yaml"))).Single();

    /// <summary>Keys whose value is no object with keys of its own; those of Kubernetes (labels, resources) as a whole.</summary>
    private static IEnumerable<string> Leaves(JsonNode node, string path) => node is JsonObject { Count: > 0 } obj && path.Split('.')[^1] is not ("resources" or "labels")
        ? obj.SelectMany(member => Leaves(member.Value!, path.Length == 0 ? member.Key : $"{path}.{member.Key}"))
        : [path];
}
