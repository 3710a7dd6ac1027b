using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Operator.Gathering;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>What objects say of each other, for every set of values: names of ports, selectors, labels and quantities that the API server takes as text and nobody finds.</summary>
public sealed partial class InvariantTests
{
    /// <summary>The sets of values, and a release and a namespace whose names are numbers to YAML.</summary>
    public static IEnumerable<object[]> Sets => ValueSets.All.SelectMany(set => new[] { Rendering.Release, "1e3" }, (set, release) => new[] { set[0], release });

    [Theory]
    [MemberData(nameof(Sets))]
    public async Task Labels_are_such_as_the_API_takes(string set, string release)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set), release: release);
        var maps = rendering.Objects.SelectMany(obj => Maps(obj, "labels").Concat(Maps(obj, "matchLabels"))).ToList();
        Assert.NotEmpty(maps);
        Assert.All(maps.SelectMany(map => map), label =>
        {
            Assert.Matches(LabelKey(), label.Key);
            Assert.True(label.Value!.GetValueKind() == System.Text.Json.JsonValueKind.String, $"{label.Key}: {label.Value} is no text");
            Assert.Matches(LabelValue(), (string)label.Value!);
        });
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public async Task Selectors_find_the_pods_of_their_component_and_no_others(string set, string release)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set), release: release);
        var pods = RenderedPod.Of(rendering.Objects);
        var selectors = Selectors(rendering).ToList();
        Assert.True(selectors.Count >= 5, $"{selectors.Count} selectors");
        Assert.All(selectors, selector =>
        {
            var found = pods.Where(pod => RenderedPod.Selects(selector.Labels, pod.Labels)).Select(pod => pod.Labels["app.kubernetes.io/component"]);
            Assert.Equal([(string)selector.Object["metadata"]!["labels"]!["app.kubernetes.io/component"]!], found);
        });
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public async Task Ports_that_are_named_are_there(string set, string release)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set), release: release);
        var pods = RenderedPod.Of(rendering.Objects);
        RenderedPod Behind(JsonNode? labels) => pods.Single(pod => RenderedPod.Selects(labels, pod.Labels));
        var named = new List<(string Where, string Port, IEnumerable<string> Ports)>();
        foreach (var service in rendering.Of("Service"))
            named.AddRange(service["spec"]!["ports"]!.AsArray().Select(port => (Rendering.Name(service), (string)port!["targetPort"]!, Behind(service["spec"]!["selector"]).Ports.Keys)));
        foreach (var policy in rendering.Of("NetworkPolicy"))
            named.AddRange(Named(policy["spec"]!["ingress"]!).Select(port => (Rendering.Name(policy), port, Behind(policy["spec"]!["podSelector"]!["matchLabels"]).Ports.Keys)));
        foreach (var pod in pods)
        {
            foreach (var probe in new[] { "livenessProbe", "readinessProbe" }.Select(name => pod.Spec["containers"]![0]![name]).OfType<JsonNode>())
                named.Add((probe.GetPath(), (string)probe["httpGet"]!["port"]!, pod.Ports.Keys));
        }

        foreach (var monitor in rendering.Of("PodMonitor"))
            named.AddRange(monitor["spec"]!["podMetricsEndpoints"]!.AsArray().Select(endpoint => (Rendering.Name(monitor), (string)endpoint!["port"]!, Behind(monitor["spec"]!["selector"]!["matchLabels"]).Ports.Keys)));
        foreach (var monitor in rendering.Of("ServiceMonitor"))
        {
            var services = rendering.Of("Service").Where(service => RenderedPod.Selects(monitor["spec"]!["selector"]!["matchLabels"], RenderedPod.LabelsOf(service)));
            named.AddRange(monitor["spec"]!["endpoints"]!.AsArray().Select(endpoint => (Rendering.Name(monitor), (string)endpoint!["port"]!, services.SelectMany(service => service["spec"]!["ports"]!.AsArray()).Select(port => (string)port!["name"]!))));
        }

        Assert.True(named.Count >= 7, $"{named.Count} ports");
        Assert.All(named, port => Assert.True(port.Ports.Count(name => name == port.Port) == 1, $"{port.Where} names the port {port.Port}, which {string.Join(", ", port.Ports)} are not"));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public async Task Quantities_can_be_read(string set, string release)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set), release: release);
        var quantities = rendering.Objects.SelectMany(obj => Maps(obj, "requests").Concat(Maps(obj, "limits"))).SelectMany(map => map).ToList();
        Assert.True(quantities.Count >= 5, $"{quantities.Count} quantities");
        Assert.All(quantities, quantity => Assert.True(Quantity.TryParse(quantity.Value!.ToString(), out var value) && value > 0, $"{quantity.Key}: {quantity.Value}"));
    }

    /// <summary>Labels by which an object looks for pods.</summary>
    private static IEnumerable<(JsonNode Object, JsonNode Labels)> Selectors(Rendering rendering)
    {
        foreach (var obj in rendering.Objects.Where(obj => (string?)obj["kind"] is not "CustomResourceDefinition"))
        {
            var spec = obj["spec"];
            var selector = (string?)obj["kind"] switch
            {
                "Service" => spec!["selector"],
                "NetworkPolicy" => spec!["podSelector"]!["matchLabels"],
                "Deployment" or "PodDisruptionBudget" or "PodMonitor" or "ServiceMonitor" => spec!["selector"]!["matchLabels"],
                _ => null,
            };
            if (selector is not null)
                yield return (obj, selector);
            foreach (var constraint in spec?["template"]?["spec"]?["topologySpreadConstraints"]?.AsArray() ?? [])
                yield return (obj, constraint!["labelSelector"]!["matchLabels"]!);
        }
    }

    private static IEnumerable<string> Named(JsonNode rules) => rules.AsArray().SelectMany(rule => rule!["ports"]!.AsArray()).Select(port => (string)port!["port"]!);

    /// <summary>Every object below a key of this name, in objects of the API that are not CRDs.</summary>
    private static IEnumerable<JsonObject> Maps(JsonNode? node, string key) => node switch
    {
        JsonObject obj when (string?)(obj["kind"] as JsonValue) == "CustomResourceDefinition" => Maps(obj["metadata"], key),
        JsonObject obj => obj.SelectMany(member => member.Key == key && member.Value is JsonObject map ? [map] : Maps(member.Value, key)),
        JsonArray array => array.SelectMany(item => Maps(item, key)),
        _ => [],
    };

    /// <summary>https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set</summary>
    [GeneratedRegex(@"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex LabelKey();

    [GeneratedRegex(@"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\z")]
    private static partial Regex LabelValue();
}
