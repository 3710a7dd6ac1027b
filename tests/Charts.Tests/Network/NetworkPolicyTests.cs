using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.Charts.Tests.Network;

/// <summary>Who reaches whom where a network plugin enforces the policies: what the product needs, and nothing else.</summary>
public sealed class NetworkPolicyTests
{
    private const string Clients = "[{namespaceSelector: {matchLabels: {may-use-models: 'yes'}}}]";

    private static readonly Peer Client = Peer.Pod("apps") with { NamespaceLabels = new Dictionary<string, string> { ["may-use-models"] = "yes" } };
    private static readonly Peer Prometheus = Peer.Pod("monitoring", ("app.kubernetes.io/name", "prometheus"));
    private static readonly Peer Stranger = Peer.Pod("elsewhere", ("app.kubernetes.io/name", "llmops-operator"), ("app.kubernetes.io/instance", "llmops"));
    private static readonly Peer Neighbour = Peer.Pod(Rendering.Namespace, ("app.kubernetes.io/name", "other"), ("app.kubernetes.io/instance", "llmops"));
    private static readonly Peer Engine = Peer.Pod("team-a", ("app.kubernetes.io/managed-by", "llmops-operator"), ("llmops.dev/deployment", "assistant"));

    public static TheoryData<bool, bool, bool, string> Matrix
    {
        get
        {
            var data = new TheoryData<bool, bool, bool, string>();
            foreach (var clients in new[] { false, true })
            {
                foreach (var monitoring in new[] { false, true })
                {
                    foreach (var egress in new[] { false, true })
                        data.Add(clients, monitoring, egress, clients ? "second" : Rendering.Release);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task What_must_get_through_gets_through_and_nothing_else(bool clients, bool monitoring, bool egress, string release)
    {
        var values = $"{{networkPolicy: {{clients: {(clients ? Clients : "[]")}, {(monitoring ? string.Empty : "monitoring: [], ")}egress: {{enabled: {(egress ? "true" : "false")}}}}}}}";
        var rendering = await Rendering.OfAsync(values, release: release);
        var wire = new Wire(rendering.Objects);
        var test = Peer.Of(RenderedPod.Of(rendering.Objects).Single(pod => pod.Labels["app.kubernetes.io/name"] == "llmops-test"));

        wire.MustPass(Client, wire.Gateway, "http");
        wire.MustPass(test, wire.Gateway, "http");
        wire.MustPass(test, wire.Gateway, "admin");
        wire.MustPass(test, wire.Operator, "metrics");
        wire.MustPass(wire.Operator, wire.Gateway, "admin");
        wire.Is(!clients, Stranger, wire.Gateway, "http");
        wire.Is(!clients, Neighbour, wire.Gateway, "http");
        wire.Is(!clients, Prometheus, wire.Gateway, "http");
        wire.Is(monitoring, Prometheus, wire.Gateway, "admin");
        wire.Is(monitoring, Prometheus, wire.Operator, "metrics");
        AssertBoundaries(wire);
        AssertEgress(wire, egress);
    }

    [Fact]
    public async Task Nobody_is_kept_out_where_policies_are_switched_off()
    {
        var wire = new Wire((await Rendering.OfAsync("networkPolicy: {enabled: false, egress: {enabled: true}}")).Objects);
        wire.MustPass(Stranger, wire.Operator, "metrics");
        wire.MustPass(Stranger, wire.Gateway, "admin");
        wire.MustPass(wire.Operator, Peer.Outside, 9090);
    }

    [Fact]
    public async Task Two_releases_in_one_namespace_keep_their_operators_from_each_other_s_gateways()
    {
        var first = await Rendering.OfAsync("namespaces: [a]");
        var second = await Rendering.OfAsync("{namespaces: [b], crds: {enabled: false}, rbac: {userRoles: false}}", release: "second");
        var (mine, theirs) = (new Wire(first.Objects), new Wire(second.Objects));
        var both = new PolicyEvaluator([.. first.Objects, .. second.Objects]);
        Assert.True(both.Allows(theirs.Operator, theirs.Gateway, theirs.Gateway.Ports["admin"]));
        Assert.False(both.Allows(theirs.Operator, mine.Gateway, mine.Gateway.Ports["admin"]));
        Assert.False(both.Allows(mine.Operator, theirs.Gateway, theirs.Gateway.Ports["admin"]));
    }

    [Fact]
    public async Task What_is_listed_as_extra_may_be_connected_to()
    {
        var wire = new Wire((await Rendering.OfAsync("networkPolicy: {egress: {enabled: true, apiServerPorts: [16443], extra: [{ports: [{port: 9090}], to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}]}}")).Objects);
        wire.MustPass(wire.Operator, Prometheus, 9090);
        wire.MustPass(wire.Operator, Peer.Outside, 16443);
        wire.MustNotPass(wire.Operator, Prometheus, 9091);
        wire.MustNotPass(wire.Operator, Stranger, 9090);
        wire.MustNotPass(wire.Operator, Peer.Outside, 443);
    }

    [Fact]
    public async Task Those_of_kustomize_say_the_same()
    {
        var tool = await Tools.KubectlPathAsync();
        var objects = new List<JsonNode>();
        foreach (var folder in new[] { "default", "network-policy" })
            objects.AddRange(YamlJson.Documents((await ToolProcess.RunAsync(tool, null, TimeSpan.FromMinutes(1), ["kustomize", Path.Combine(Workspace.Repository, "config", folder)], CancellationToken.None)).Output));
        var wire = new Wire(objects);
        wire.MustPass(Client, wire.Gateway, "http");
        wire.MustPass(Stranger, wire.Gateway, "http");
        wire.MustPass(wire.Operator, wire.Gateway, "admin");
        wire.MustPass(Prometheus, wire.Gateway, "admin");
        wire.MustPass(Prometheus, wire.Operator, "metrics");
        AssertBoundaries(wire);
        AssertEgress(wire, isBounded: false);
    }

    private static void AssertBoundaries(Wire wire)
    {
        foreach (var from in new[] { Client, Stranger, Neighbour, Engine })
        {
            wire.MustNotPass(from, wire.Gateway, "admin");
            wire.MustNotPass(from, wire.Operator, "metrics");
            wire.MustNotPass(from, wire.Operator, "health");
        }

        wire.MustNotPass(wire.Gateway, wire.Operator, "metrics");
        wire.MustNotPass(wire.Gateway, wire.Gateway, "admin");
    }

    private static void AssertEgress(Wire wire, bool isBounded)
    {
        foreach (var from in new[] { wire.Operator, wire.Gateway })
        {
            wire.MustPass(from, Engine, 8000);
            wire.MustPass(from, Peer.Outside, 443);
            wire.MustPass(from, Peer.Outside, 6443);
            wire.MustPass(from, Peer.Outside, 53);
            wire.MustPass(from, Peer.Outside, 53, "UDP");
            wire.Is(!isBounded, from, Peer.Outside, 80);
            wire.Is(!isBounded, from, Prometheus, 9090);
            wire.Is(!isBounded, from, Client, 8000);
        }
    }

    /// <summary>Operator and gateway of some objects, and the policies among them.</summary>
    private sealed class Wire(IReadOnlyList<JsonNode> objects)
    {
        private readonly PolicyEvaluator policies = new(objects);

        public Peer Operator { get; } = Of(objects, "operator");

        public Peer Gateway { get; } = Of(objects, "gateway");

        public void MustPass(Peer from, Peer to, int port, string protocol = "TCP") => Is(true, from, to, port, protocol);

        public void MustPass(Peer from, Peer to, string port) => Is(true, from, to, port);

        public void MustNotPass(Peer from, Peer to, int port) => Is(false, from, to, port);

        public void MustNotPass(Peer from, Peer to, string port) => Is(false, from, to, port);

        public void Is(bool allowed, Peer from, Peer to, string port) => Is(allowed, from, to, to.Ports[port]);

        public void Is(bool allowed, Peer from, Peer to, int port, string protocol = "TCP") =>
            Assert.True(policies.Allows(from, to, port, protocol) == allowed, $"{Name(from)} to {Name(to)}, port {port} {protocol}: {(allowed ? "is kept out" : "gets through")}");

        private static string Name(Peer peer) => peer.Labels is null ? "something outside" : $"{peer.Namespace}/{peer.Labels.GetValueOrDefault("app.kubernetes.io/name") ?? "a pod"}";

        private static Peer Of(IReadOnlyList<JsonNode> objects, string component) => Peer.Of(RenderedPod.Of(objects).Single(pod => pod.Labels["app.kubernetes.io/name"] == $"llmops-{component}"));
    }
}
