using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Gateway;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator;
using LlmOps.Operator.Hosting;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>What must hold for all that the chart renders.</summary>
public sealed class ContentTests
{
    [Theory]
    [MemberData(nameof(ValueSets.All), MemberType = typeof(ValueSets))]
    public async Task Pods_keep_to_the_restricted_standard_whatever_the_values_say(string set)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set));
        var pods = rendering.Of("Deployment").Select(d => d["spec"]!["template"]!["spec"]!).Concat(rendering.Of("Pod").Select(p => p["spec"]!)).ToList();
        Assert.Equal(3, pods.Count);
        Assert.All(pods, pod =>
        {
            // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
            Assert.True((bool?)pod["securityContext"]!["runAsNonRoot"]);
            Assert.Equal("RuntimeDefault", (string?)pod["securityContext"]!["seccompProfile"]!["type"]);
            Assert.DoesNotContain(pod.AsObject(), field => field.Key is "hostNetwork" or "hostPID" or "hostIPC" or "initContainers");
            Assert.All(pod["volumes"]?.AsArray() ?? [], volume => Assert.NotNull(volume!["secret"]));
            var security = pod["containers"]!.AsArray().Single()!["securityContext"]!;
            Assert.True((bool?)security["runAsNonRoot"]);
            Assert.True((bool?)security["readOnlyRootFilesystem"]);
            Assert.False((bool?)security["allowPrivilegeEscalation"]);
            Assert.Null(security["privileged"]);
            Assert.Equal("""["ALL"]""", security["capabilities"]!["drop"]!.ToJsonString());
            Assert.Null(security["capabilities"]!["add"]);
        });
    }

    [Fact]
    public async Task Without_a_list_the_rules_of_the_tables_hold_in_the_whole_cluster()
    {
        var rendering = await Rendering.OfAsync();
        Assert.Equal(Rules(OperatorPermissions.All.Where(p => !p.OwnNamespaceOnly)), Rules(rendering.Get("ClusterRole", "llmops-operator")));
        Assert.Equal(Rules(GatewayPermissions.All), Rules(rendering.Get("ClusterRole", "llmops-gateway")));
        Assert.Equal(["llmops-gateway", "llmops-operator"], rendering.Of("ClusterRoleBinding").Select(Rendering.Name).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(rendering.Arguments("operator"), word => word.StartsWith("--watch-namespace", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_a_list_only_nodes_and_pods_of_the_cluster_may_be_read_and_nothing_else_outside_of_the_list()
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read("namespaces"));
        var everywhere = Assert.Single(rendering.Of("ClusterRoleBinding"));
        Assert.Equal("llmops-operator-everywhere", (string?)everywhere["roleRef"]!["name"]);
        Assert.Equal(["list nodes", "list pods", "watch nodes", "watch pods"], Rules(rendering.Get("ClusterRole", "llmops-operator-everywhere")).Select(rule => rule[..^" of ".Length]));
        Assert.Equal(
            [("llmops-gateway", "team-a"), ("llmops-gateway", "team-b"), ("llmops-operator", "team-a"), ("llmops-operator", "team-b"), ("llmops-operator-own-namespace", Rendering.Namespace)],
            rendering.Of("RoleBinding").Select(b => (Rendering.Name(b), (string)b["metadata"]!["namespace"]!)).Order());
        Assert.Equal(Rules(OperatorPermissions.All.Where(p => p.OwnNamespaceOnly || p.OwnNamespaceToo)), Rules(rendering.Get("Role", "llmops-operator")));
        foreach (var (component, option) in new[] { ("operator", "--watch-namespace"), ("gateway", "--namespace") })
            Assert.Equal([$"{option}=team-a", $"{option}=team-b"], rendering.Arguments(component).Where(word => word.StartsWith($"{option}=", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Kinds_are_those_of_the_types_and_stay_unless_told_otherwise()
    {
        var kept = await Rendering.OfAsync();
        var crds = Directory.EnumerateFiles(Path.Combine(Workspace.Repository, "crds"), "*.yaml").Select(file => YamlJson.Documents(File.ReadAllText(file)).Single()).ToDictionary(Rendering.Name);
        Assert.Equal(crds.Keys.Order(StringComparer.Ordinal), kept.Of("CustomResourceDefinition").Select(Rendering.Name).Order(StringComparer.Ordinal));
        Assert.All(kept.Of("CustomResourceDefinition"), crd =>
        {
            Assert.Equal("keep", (string?)crd["metadata"]!["annotations"]!["helm.sh/resource-policy"]);
            Assert.Equal(crds[Rendering.Name(crd)]["spec"]!.ToJsonString(), crd["spec"]!.ToJsonString());
        });
        Assert.All((await Rendering.OfAsync("crds: {keep: false}")).Of("CustomResourceDefinition"), crd => Assert.Null(crd["metadata"]!["annotations"]));
        Assert.Empty((await Rendering.OfAsync("crds: {enabled: false}")).Of("CustomResourceDefinition"));
    }

    [Fact]
    public async Task Two_releases_share_no_name_but_those_that_are_switched_off()
    {
        string[] Names(Rendering rendering) => [.. rendering.Objects.Select(obj => $"{obj["kind"]} {Rendering.Name(obj)}")];
        var first = await Rendering.OfAsync("namespaces: [a]");
        var second = await Rendering.OfAsync("{namespaces: [b], crds: {enabled: false}, rbac: {userRoles: false}}", release: "second");
        Assert.Empty(Names(first).Intersect(Names(second)));
        // The lease is made by the operators themselves: with one name for both, one release would never work.
        Assert.Contains("--lease-name=llmops-operator", first.Arguments("operator"));
        Assert.Contains("--lease-name=second-llmops-operator", Words(second.Get("Deployment", "second-llmops-operator")));
    }

    [Theory]
    [MemberData(nameof(ValueSets.All), MemberType = typeof(ValueSets))]
    public async Task Programs_take_the_arguments_that_they_get(string set)
    {
        var rendering = await Rendering.OfAsync(ValueSets.Read(set));
        foreach (var (component, command) in new[] { ("operator", OperatorCommand.Create()), ("gateway", GatewayCommand.Create((_, _) => Task.FromResult(0))) })
            Assert.Empty(command.Parse(Words(rendering.Of("Deployment").Single(obj => Rendering.Name(obj).EndsWith($"-{component}", StringComparison.Ordinal)))).Errors.Select(error => error.Message));
    }

    [Fact]
    public async Task The_longest_name_of_a_release_is_a_name_of_a_lease()
    {
        var rendering = await Rendering.OfAsync("{}", release: new string('r', 53));
        Assert.Empty(OperatorCommand.Create().Parse(Words(rendering.Of("Deployment").Single(obj => Rendering.Name(obj).EndsWith("-operator", StringComparison.Ordinal)))).Errors.Select(error => error.Message));
    }

    [Fact]
    public async Task Names_stay_within_63_characters_for_the_longest_release()
    {
        var rendering = await Rendering.OfAsync("{namespaces: [a], monitoring: {scrape: PodMonitor, rules: {enabled: true}}}", release: new string('r', 53));
        Assert.All(rendering.Objects.Where(obj => (string?)obj["kind"] != "CustomResourceDefinition"), obj => Assert.InRange(Rendering.Name(obj).Length, 1, 63));
    }

    [Fact]
    public async Task Alerts_and_dashboards_are_passed_on_as_they_are_braces_included()
    {
        var rendering = await Rendering.OfAsync("monitoring: {rules: {enabled: true}, dashboards: {enabled: true}}", await ChartCopy.WithDashboardAsync());
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Helm.Chart, "files", "alerts"), "*.yaml"))
        {
            var rule = rendering.Get("PrometheusRule", $"llmops-{Path.GetFileNameWithoutExtension(file)}");
            Assert.Equal(YamlJson.Documents(await File.ReadAllTextAsync(file)).Single().ToJsonString(), rule["spec"]!.ToJsonString());
        }

        var dashboard = (string)rendering.Get("ConfigMap", "llmops-dashboard-fleet")["data"]!["fleet.json"]!;
        Assert.Equal("{{namespace}}", (string?)JsonNode.Parse(dashboard)!["panels"]![0]!["legendFormat"]);
    }

    [Fact]
    public async Task Pods_are_those_of_kustomize()
    {
        var rendering = await Rendering.OfAsync();
        var kustomize = YamlJson.Documents((await ToolProcess.RunAsync(await Tools.KubectlPathAsync(), null, TimeSpan.FromMinutes(1), ["kustomize", Path.Combine(Workspace.Repository, "config", "default")], CancellationToken.None)).Output);
        foreach (var component in new[] { "operator", "gateway" })
        {
            var mine = rendering.Pod(component);
            var other = kustomize.Single(obj => (string?)obj["kind"] == "Deployment" && Rendering.Name(obj) == $"llmops-{component}")["spec"]!["template"]!["spec"]!;
            foreach (var field in new[] { "enableServiceLinks", "terminationGracePeriodSeconds", "securityContext", "serviceAccountName", "topologySpreadConstraints" })
                AssertSame(field, other[field], mine[field]);
            foreach (var field in new[] { "env", "ports", "lifecycle", "livenessProbe", "readinessProbe", "resources", "securityContext" })
                AssertSame(field, other["containers"]![0]![field], mine["containers"]![0]![field]);
            // The chart says more on the command line; what kustomize says, it says as well, with the version of its images.
            Assert.Empty(other["containers"]![0]!["args"]!.AsArray().Select(word => ((string)word!).Replace("llmops/evaluator:dev", "llmops/evaluator:0.1.0", StringComparison.Ordinal)).Except(rendering.Arguments(component)));
        }
    }

    private static void AssertSame(string field, JsonNode? expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(WithoutInstance(expected), WithoutInstance(actual)), $"{field}: {expected?.ToJsonString()} in config, {actual?.ToJsonString()} in the chart");

    /// <summary>A chart's selectors name the release too.</summary>
    private static JsonNode? WithoutInstance(JsonNode? node)
    {
        var copy = node?.DeepClone();
        foreach (var constraint in copy as JsonArray ?? [])
            (constraint!["labelSelector"]?["matchLabels"] as JsonObject)?.Remove("app.kubernetes.io/instance");
        return copy;
    }

    private static string[] Words(JsonNode deployment) => [.. deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]!.AsArray().Select(word => (string)word!)];

    private static string[] Rules(IEnumerable<Permission> permissions) =>
        [.. permissions.SelectMany(p => p.Verbs.Select(verb => $"{verb} {p.Resource} of {p.Group}")).Order(StringComparer.Ordinal)];

    private static string[] Rules(JsonNode role) =>
        [.. role["rules"]!.AsArray().SelectMany(rule => rule!["verbs"]!.AsArray().Select(verb => $"{verb} {rule["resources"]![0]} of {rule["apiGroups"]![0]}")).Order(StringComparer.Ordinal)];
}
