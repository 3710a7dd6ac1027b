using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>
/// The few defaults and rules of built-in kinds that an operator can trip over. Not a full validation: what a real server
/// refuses in, say, a probe is accepted here.
/// </summary>
internal static class BuiltInRules
{
    private static readonly Dictionary<string, string[]> ImmutablePaths = new()
    {
        ["deployments.apps"] = [".spec.selector"],
        ["replicasets.apps"] = [".spec.selector"],
        ["jobs.batch"] = [".spec.selector", ".spec.template", ".spec.completions"],
        ["endpointslices.discovery.k8s.io"] = [".addressType"],
        ["rolebindings.rbac.authorization.k8s.io"] = [".roleRef"],
        ["clusterrolebindings.rbac.authorization.k8s.io"] = [".roleRef"],
    };

    public static void ApplyDefaults(ResourceDefinition resource, JsonObject obj)
    {
        DropNulls(obj);
        switch (resource.Kind)
        {
            case "Namespace":
                Default(obj, ".status.phase", "Active");
                Default(obj, ".metadata.labels", new JsonObject());
                obj.Metadata()["labels"]!["kubernetes.io/metadata.name"] = (string?)obj.Metadata()["name"];
                break;
            case "Pod":
                Default(obj, ".status.phase", "Pending");
                DefaultPorts(obj.At(".spec"));
                break;
            case "Deployment" or "ReplicaSet":
                Default(obj, ".spec.replicas", 1);
                DefaultPorts(obj.At(".spec.template.spec"));
                break;
            case "Job":
                Default(obj, ".spec.backoffLimit", 6);
                if (obj.At(".spec.completions") is null)
                    Default(obj, ".spec.completions", 1);
                Default(obj, ".spec.parallelism", 1);
                DefaultPorts(obj.At(".spec.template.spec"));
                break;
            case "Service":
                Default(obj, ".spec.type", "ClusterIP");
                foreach (var port in Items(obj.At(".spec.ports")))
                    port["protocol"] ??= "TCP";
                break;
        }
    }

    public static IEnumerable<FieldCause> Validate(ResourceDefinition resource, JsonObject obj, JsonObject? old)
    {
        if (resource.Kind is "Deployment" or "ReplicaSet")
        {
            if (obj.At(".spec.selector") is not JsonObject { Count: > 0 } selector)
                yield return FieldCause.RequiredValue("spec.selector");
            else if (selector["matchLabels"] is JsonObject wanted && !Matches(wanted, obj.At(".spec.template.metadata.labels") as JsonObject))
                yield return FieldCause.Invalid("spec.template.metadata.labels", obj.At(".spec.template.metadata.labels")?.ToJsonString() ?? "null", "`selector` does not match template `labels`");
        }

        var podSpec = resource.Kind switch
        {
            "Pod" => ".spec",
            "Deployment" or "ReplicaSet" or "Job" => ".spec.template.spec",
            _ => null,
        };
        if (podSpec is not null && obj.At(podSpec + ".containers") is not JsonArray { Count: > 0 })
            yield return FieldCause.RequiredValue(podSpec[1..] + ".containers");
        if (old is null)
            yield break;
        foreach (var path in ImmutablePaths.GetValueOrDefault(resource.GroupResource) ?? [])
        {
            if (!JsonNode.DeepEquals(obj.At(path), old.At(path)))
                yield return FieldCause.Invalid(path[1..], obj.At(path)?.ToJsonString() ?? "null", "field is immutable");
        }

        if (resource.Kind is "ConfigMap" or "Secret" && (bool?)old["immutable"] == true
            && !(JsonNode.DeepEquals(old["data"], obj["data"]) && JsonNode.DeepEquals(old["binaryData"], obj["binaryData"])))
            yield return FieldCause.Forbidden("data", "field is immutable when `immutable` is set");
    }

    private static bool Matches(JsonObject wanted, JsonObject? labels) =>
        labels is not null && wanted.All(w => (string?)labels[w.Key] == (string?)w.Value);

    private static void Default(JsonObject obj, string path, JsonNode value)
    {
        if (obj.At(path) is null)
            obj.SetAt(path, value);
    }

    private static void DefaultPorts(JsonNode? podSpec)
    {
        foreach (var port in Items(podSpec?["containers"]).Concat(Items(podSpec?["initContainers"])).SelectMany(static c => Items(c["ports"])))
            port["protocol"] ??= "TCP";
    }

    private static IEnumerable<JsonObject> Items(JsonNode? list) => list is JsonArray array ? array.OfType<JsonObject>() : [];

    /// <summary>A typed server has no place for a null: it is the absence of the field.</summary>
    private static void DropNulls(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject obj:
                foreach (var name in obj.Where(static p => p.Value is null).Select(static p => p.Key).ToList())
                    obj.Remove(name);
                foreach (var (_, value) in obj)
                    DropNulls(value);
                break;
            case JsonArray array:
                foreach (var item in array)
                    DropNulls(item);
                break;
        }
    }
}
