using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Scheduling;

/// <summary>What a node has left.</summary>
/// <param name="Node">The node.</param>
/// <param name="Free">Allocatable less the requests of the pods that are bound to it, by resource name.</param>
/// <param name="Pods">Pods that are bound to it and have not ended.</param>
internal sealed record NodeRoom(Node Node, IReadOnlyDictionary<string, decimal> Free, int Pods);

/// <summary>Where a pod goes: a node, or the message of a scheduler that found none.</summary>
internal readonly record struct Placement(string? NodeName, string? Message);

/// <summary>The scheduler's arithmetic: filters as in kube-scheduler's default plugins, then the emptiest node.</summary>
internal static class NodeFit
{
    public static Placement Place(Pod pod, IReadOnlyList<NodeRoom> rooms)
    {
        if (rooms.Count == 0)
            return new(null, "no nodes available to schedule pods");
        var wanted = Requests(pod);
        var reasons = rooms.ToDictionary(room => room, room => Reasons(pod, wanted, room).ToList());
        var fitting = rooms.Where(room => reasons[room].Count == 0).ToList();
        if (fitting.Count > 0)
            return new(fitting.MinBy(room => (Used(room, wanted), room.Node.Metadata.Name))!.Node.Metadata.Name, null);

        // As kube-scheduler's FitError: counted reasons, sorted as text.
        var counted = reasons.Values.SelectMany(list => list).GroupBy(reason => reason)
            .Select(group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal);
        return new(null, $"0/{rooms.Count} nodes are available: {string.Join(", ", counted)}.");
    }

    /// <summary>What the pod asks for: the sum over its containers, or an init container's request where that is larger.</summary>
    public static Dictionary<string, decimal> Requests(Pod pod)
    {
        var sum = new Dictionary<string, decimal>();
        foreach (var (name, value) in (pod.Spec?.Containers ?? []).SelectMany(Requests))
            sum[name] = sum.GetValueOrDefault(name) + value;
        foreach (var (name, value) in (pod.Spec?.InitContainers ?? []).SelectMany(Requests))
            sum[name] = Math.Max(sum.GetValueOrDefault(name), value);
        return sum;
    }

    public static NodeRoom Room(Node node, IEnumerable<Pod> boundPods)
    {
        var free = (node.Status?.Allocatable ?? new Dictionary<string, string>()).ToDictionary(pair => pair.Key, pair => Quantity.Parse(pair.Value));
        var pods = boundPods.Where(pod => pod.Spec?.NodeName == node.Metadata.Name && !pod.HasEnded()).ToList();
        foreach (var (name, value) in pods.SelectMany(Requests))
            free[name] = free.GetValueOrDefault(name) - value;
        return new(node, free, pods.Count);
    }

    /// <summary>A limit without a request is a request.</summary>
    private static IEnumerable<KeyValuePair<string, decimal>> Requests(Container container)
    {
        var requests = new Dictionary<string, string>(container.Resources?.Limits ?? new Dictionary<string, string>());
        foreach (var (name, value) in container.Resources?.Requests ?? new Dictionary<string, string>())
            requests[name] = value;
        return requests.Select(pair => KeyValuePair.Create(pair.Key, Quantity.Parse(pair.Value)));
    }

    private static IEnumerable<string> Reasons(Pod pod, Dictionary<string, decimal> wanted, NodeRoom room)
    {
        if (room.Node.Spec?.Unschedulable == true)
        {
            yield return "node(s) were unschedulable";
            yield break;
        }

        if (room.Node.Spec?.Taints?.FirstOrDefault(taint => taint.Effect != "PreferNoSchedule" && !Tolerates(pod, taint)) is { } taint)
        {
            yield return $"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}";
            yield break;
        }

        if (!MatchesSelector(pod, room.Node) || !NodeAffinity.Matches(pod.Spec?.Affinity, room.Node))
        {
            yield return "node(s) didn't match Pod's node affinity/selector";
            yield break;
        }

        if (room.Free.TryGetValue("pods", out var slots) && room.Pods >= slots)
            yield return "Too many pods";
        foreach (var (name, value) in wanted)
        {
            if (value > 0 && value > room.Free.GetValueOrDefault(name))
                yield return $"Insufficient {name}";
        }
    }

    private static bool MatchesSelector(Pod pod, Node node) =>
        pod.Spec?.NodeSelector is not { Count: > 0 } selector || Labels.Match(selector, node.Metadata.Labels);

    private static bool Tolerates(Pod pod, Taint taint) => pod.Spec?.Tolerations?.Any(toleration =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) ? toleration.Operator == "Exists" : toleration.Key == taint.Key)
        && (toleration.Operator == "Exists" || (toleration.Value ?? string.Empty) == (taint.Value ?? string.Empty))) == true;

    /// <summary>Share of the scarcest resource that would be used: the least goes first, so pods spread.</summary>
    private static decimal Used(NodeRoom room, Dictionary<string, decimal> wanted) => wanted.Count == 0 ? room.Pods : wanted.Max(pair =>
    {
        var total = room.Node.Status?.Allocatable?.GetValueOrDefault(pair.Key) is { } text ? Quantity.Parse(text) : 0;
        return total == 0 ? 0 : 1 - ((room.Free.GetValueOrDefault(pair.Key) - pair.Value) / total);
    });
}

/// <summary>Required node affinity: the terms are alternatives, the expressions of a term must all hold.</summary>
internal static class NodeAffinity
{
    public static bool Matches(JsonElement? affinity, Node node)
    {
        if (affinity is not { ValueKind: JsonValueKind.Object } all
            || !all.TryGetProperty("nodeAffinity", out var nodeAffinity)
            || !nodeAffinity.TryGetProperty("requiredDuringSchedulingIgnoredDuringExecution", out var required)
            || !required.TryGetProperty("nodeSelectorTerms", out var terms))
            return true;
        return terms.EnumerateArray().Any(term =>
            !term.TryGetProperty("matchExpressions", out var expressions) || expressions.EnumerateArray().All(expression => Holds(expression, node)));
    }

    private static bool Holds(JsonElement expression, Node node)
    {
        var has = (node.Metadata.Labels ?? new Dictionary<string, string>()).TryGetValue(expression.GetProperty("key").GetString()!, out var value);
        var values = expression.TryGetProperty("values", out var list) ? list.EnumerateArray().Select(item => item.GetString()).ToList() : [];
        return expression.GetProperty("operator").GetString() switch
        {
            "In" => has && values.Contains(value),
            "NotIn" => !has || !values.Contains(value),
            "Exists" => has,
            "DoesNotExist" => !has,
            "Gt" => has && long.TryParse(value, out var left) && left > long.Parse(values[0]!, System.Globalization.CultureInfo.InvariantCulture),
            "Lt" => has && long.TryParse(value, out var left) && left < long.Parse(values[0]!, System.Globalization.CultureInfo.InvariantCulture),
            _ => false,
        };
    }
}
