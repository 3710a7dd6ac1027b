using System.Text.Json.Nodes;

namespace LlmOps.Charts.Tests.Network;

/// <summary>One end of a connection: a pod, or, without labels, something that is none, such as an API server.</summary>
/// <param name="Namespace">Its namespace, which has the label that every namespace has.</param>
/// <param name="Labels">Its labels; null for what is no pod.</param>
/// <param name="Ports">Its ports by name.</param>
internal sealed record Peer(string Namespace, IReadOnlyDictionary<string, string>? Labels, IReadOnlyDictionary<string, int> Ports)
{
    private static readonly IReadOnlyDictionary<string, int> NoPorts = new Dictionary<string, int>();

    /// <summary>What is no pod.</summary>
    public static Peer Outside { get; } = new(string.Empty, null, NoPorts);

    /// <summary>Further labels of its namespace.</summary>
    public IReadOnlyDictionary<string, string> NamespaceLabels { get; init; } = new Dictionary<string, string>();

    public static Peer Of(RenderedPod pod) => new(pod.Namespace, pod.Labels, pod.Ports);

    public static Peer Pod(string ns, params (string Key, string Value)[] labels) => new(ns, labels.ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal), NoPorts);
}

/// <summary>What NetworkPolicies allow, by the rules of https://kubernetes.io/docs/concepts/services-networking/network-policies/ as far as these policies use them.</summary>
internal sealed class PolicyEvaluator(IEnumerable<JsonNode> objects)
{
    private readonly List<JsonNode> policies = [.. objects.Where(obj => (string?)obj["kind"] == "NetworkPolicy")];

    /// <summary>Whether a connection is let out where it begins and in where it ends.</summary>
    public bool Allows(Peer from, Peer to, int port, string protocol = "TCP") => Passes("Egress", from, to, to, port, protocol) && Passes("Ingress", to, from, to, port, protocol);

    private bool Passes(string direction, Peer subject, Peer other, Peer target, int port, string protocol)
    {
        if (subject.Labels is null)
            return true;
        var own = policies.Where(policy =>
            ((string?)policy["metadata"]!["namespace"] ?? Rendering.Namespace) == subject.Namespace && policy["spec"]!["policyTypes"]!.AsArray().Any(type => (string?)type == direction) && Matches(policy["spec"]!["podSelector"]!, subject.Labels)).ToList();
        var (rules, peers) = direction == "Egress" ? ("egress", "to") : ("ingress", "from");
        return own.Count == 0 || own.SelectMany(policy => policy["spec"]![rules]?.AsArray() ?? []).Any(rule => IsPort(rule!["ports"], target, port, protocol) && IsPeer(rule[peers], subject.Namespace, other));
    }

    private static bool IsPort(JsonNode? ports, Peer target, int port, string protocol) => ports is not JsonArray { Count: > 0 } list || list.Any(item =>
        ((string?)item!["protocol"] ?? "TCP") == protocol && item["port"] is { } wanted && (wanted.GetValueKind() == System.Text.Json.JsonValueKind.String ? target.Ports.GetValueOrDefault((string)wanted!) : (long)wanted) == port);

    /// <summary>A list that is left out, or empty, is everybody.</summary>
    private static bool IsPeer(JsonNode? peers, string ns, Peer other) => peers is not JsonArray { Count: > 0 } list || list.Any(item =>
    {
        if (item!["ipBlock"] is not null)
            throw new NotSupportedException("addresses are not looked at here");
        return other.Labels is not null
            && (item["namespaceSelector"] is { } namespaces ? Matches(namespaces, new Dictionary<string, string>(other.NamespaceLabels) { ["kubernetes.io/metadata.name"] = other.Namespace }) : other.Namespace == ns)
            && (item["podSelector"] is not { } pods || Matches(pods, other.Labels));
    });

    private static bool Matches(JsonNode selector, IReadOnlyDictionary<string, string> labels) => selector["matchExpressions"] is null
        ? RenderedPod.Selects(selector["matchLabels"], labels)
        : throw new NotSupportedException("expressions are not looked at here");
}
