using System.Globalization;
using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Whether a pod may be scheduled on a node, whatever is free there: readiness, taints, node selector, required node affinity. Pure.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/. Affinity between pods and topology spread are left out.</remarks>
internal static class NodeMatch
{
    /// <summary>Why it may not, in a few words; null where it may.</summary>
    public static string? Obstacle(PodSpec pod, Node node)
    {
        if (node.Spec?.Unschedulable == true)
            return "cordoned";
        if (node.Status?.Conditions?.Any(condition => condition.Type == "Ready" && condition.Status != "True") == true)
            return "not ready";
        if (node.Spec?.Taints?.FirstOrDefault(taint => taint.Effect is "NoSchedule" or "NoExecute" && !Tolerates(pod, taint)) is { } taint)
            return $"tainted {taint.Key}{(taint.Value is { Length: > 0 } value ? $"={value}" : string.Empty)}:{taint.Effect}";
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        if (pod.NodeSelector?.Any(wanted => labels.GetValueOrDefault(wanted.Key) != wanted.Value) == true || !MatchesAffinity(pod.Affinity, node, labels))
            return "not selected";
        return null;
    }

    private static bool Tolerates(PodSpec pod, Taint taint) => pod.Tolerations?.Any(toleration =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) ? toleration.Operator == "Exists" : toleration.Key == taint.Key)
        && (toleration.Operator == "Exists" || (toleration.Value ?? string.Empty) == (taint.Value ?? string.Empty))) == true;

    /// <summary>Terms are alternatives; what a term says must all hold. A term that says nothing matches no node.</summary>
    private static bool MatchesAffinity(JsonElement? affinity, Node node, IReadOnlyDictionary<string, string> labels)
    {
        if (Property(Property(affinity, "nodeAffinity"), "requiredDuringSchedulingIgnoredDuringExecution") is not { } required || Property(required, "nodeSelectorTerms") is not { } terms)
            return true;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal) { ["metadata.name"] = node.Metadata.Name! };
        return Items(terms).Any(term =>
        {
            var expressions = Items(Property(term, "matchExpressions")).ToList();
            var byField = Items(Property(term, "matchFields")).ToList();
            return expressions.Count + byField.Count > 0 && expressions.TrueForAll(expression => Holds(expression, labels)) && byField.TrueForAll(expression => Holds(expression, fields));
        });
    }

    private static bool Holds(JsonElement expression, IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(Text(expression, "key"), out var value);
        var values = Items(Property(expression, "values")).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString() : null).ToList();
        return Text(expression, "operator") switch
        {
            "In" => has && values.Contains(value),
            "NotIn" => !has || !values.Contains(value),
            "Exists" => has,
            "DoesNotExist" => !has,
            "Gt" => has && Number(value) > Number(values.FirstOrDefault()),
            "Lt" => has && Number(value) < Number(values.FirstOrDefault()),
            // An operator that is not known here: the scheduler has the last word.
            _ => true,
        };
    }

    private static JsonElement? Property(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement? element) => element is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : default;

    private static string Text(JsonElement element, string name) => Property(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : string.Empty;

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
