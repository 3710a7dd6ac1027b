using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Apply;

namespace LlmOps.Testing.ApiServer.Resources;

/// <summary>Reads a CustomResourceDefinition (apiextensions.k8s.io/v1) into the versions it serves.</summary>
internal static class CustomResourceDefinitions
{
    public static IReadOnlyList<ResourceDefinition> Read(JsonObject crd)
    {
        var spec = crd["spec"]!.AsObject();
        var names = spec["names"]!.AsObject();
        return [.. spec["versions"]!.AsArray()
            .Select(static v => v!.AsObject())
            .Where(static v => (bool?)v["served"] ?? false)
            .Select(version => ReadVersion(spec, names, version))];
    }

    private static ResourceDefinition ReadVersion(JsonObject spec, JsonObject names, JsonObject version)
    {
        var schema = StructuralSchema.Read(version["schema"]?["openAPIV3Schema"] as JsonObject ?? []);
        var subresources = version["subresources"] as JsonObject;
        var scale = subresources?["scale"] as JsonObject;
        return new ResourceDefinition
        {
            Group = (string)spec["group"]!,
            Version = (string)version["name"]!,
            Kind = (string)names["kind"]!,
            Plural = (string)names["plural"]!,
            Namespaced = (string?)spec["scope"] != "Cluster",
            ShortNames = Texts(names["shortNames"]),
            Categories = Texts(names["categories"]),
            HasStatus = subresources?.ContainsKey("status") ?? false,
            TracksGeneration = true,
            Scale = scale is null
                ? null
                : new ScaleDefinition((string)scale["specReplicasPath"]!, (string)scale["statusReplicasPath"]!, (string?)scale["labelSelectorPath"]),
            Schema = schema,
            MergeSchema = BuiltInMergeSchemas.WithObjectMeta(MergeSchema.Of(schema)),
        };
    }

    /// <summary>What the API server itself writes into the status of an accepted definition; clients wait for these conditions.</summary>
    public static JsonObject AcceptedStatus(JsonObject crd, string now) => new()
    {
        ["acceptedNames"] = crd["spec"]!["names"]!.DeepClone(),
        ["storedVersions"] = new JsonArray([.. crd["spec"]!["versions"]!.AsArray()
            .Where(static v => (bool?)v!["storage"] ?? false)
            .Select(static v => v!["name"]!.DeepClone())]),
        ["conditions"] = new JsonArray(
            Condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            Condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now)),
    };

    private static JsonObject Condition(string type, string reason, string message, string now) => new()
    {
        ["type"] = type,
        ["status"] = "True",
        ["reason"] = reason,
        ["message"] = message,
        ["lastTransitionTime"] = now,
    };

    private static string[] Texts(JsonNode? array) => array is JsonArray items ? [.. items.Select(static i => (string)i!)] : [];
}
