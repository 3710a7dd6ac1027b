using System.Text.Json.Nodes;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Manifests.CustomResources;

/// <summary>Schemas that Kubernetes itself sets for every kind.</summary>
internal static class WellKnown
{
    /// <summary><c>apiVersion</c>, <c>kind</c> and <c>metadata</c> of an object; null for any other property.</summary>
    public static JsonObject? ObjectField(string property) => property switch
    {
        nameof(IResource<ConfigMap>.ApiVersion) => new() { ["description"] = "Group and version of the kind.", ["type"] = "string" },
        nameof(IResource<ConfigMap>.Kind) => new() { ["description"] = "The kind, in CamelCase.", ["type"] = "string" },
        // The API server checks metadata itself; a schema may say nothing more about it.
        nameof(IResource<ConfigMap>.Metadata) => new() { ["type"] = "object" },
        _ => null,
    };

    /// <summary><c>corev1.LocalObjectReference</c> with the name that such an object can have; null for any other type.</summary>
    public static JsonObject? LocalObject(Type type, DocComments docs) => type != typeof(LocalObjectReference) ? null : new()
    {
        ["description"] = docs.Of(type),
        ["type"] = "object",
        ["required"] = new JsonArray("name"),
        ["properties"] = new JsonObject
        {
            ["name"] = new JsonObject
            {
                ["description"] = docs.Of(type.GetProperty(nameof(LocalObjectReference.Name))!),
                ["type"] = "string",
                ["minLength"] = 1,
                ["maxLength"] = 253,
                ["x-kubernetes-validations"] = new JsonArray(new JsonObject { ["rule"] = $"self.matches(r'{Patterns.ObjectName}')", ["message"] = Patterns.ObjectNameMessage }),
            },
        },
    };

    /// <summary><c>metav1.Condition</c> with the bounds of its Go markers; null for any other type.</summary>
    public static JsonObject? Condition(Type type, DocComments docs)
    {
        if (type != typeof(Condition))
            return null;
        JsonObject Text(string property, string? key = null, JsonNode? value = null, int? most = null)
        {
            var schema = new JsonObject { ["description"] = docs.Of(type.GetProperty(property)!), ["type"] = "string" };
            if (key is not null)
                schema[key] = value;
            if (most is not null)
                schema["maxLength"] = most;
            return schema;
        }

        return new()
        {
            ["description"] = docs.Of(type),
            ["type"] = "object",
            ["required"] = new JsonArray("type", "status", "reason", "message", "lastTransitionTime"),
            ["properties"] = new JsonObject
            {
                ["type"] = Text(nameof(Kubernetes.Condition.Type), "pattern", "^[A-Za-z]([A-Za-z0-9_./-]*[A-Za-z0-9])?$", 316),
                ["status"] = Text(nameof(Kubernetes.Condition.Status), "enum", new JsonArray("True", "False", "Unknown")),
                ["reason"] = Text(nameof(Kubernetes.Condition.Reason), "pattern", "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", 1024),
                ["message"] = Text(nameof(Kubernetes.Condition.Message), most: 32768),
                ["lastTransitionTime"] = Text(nameof(Kubernetes.Condition.LastTransitionTime), "format", "date-time"),
                ["observedGeneration"] = new JsonObject { ["description"] = docs.Of(type.GetProperty(nameof(Kubernetes.Condition.ObservedGeneration))!), ["type"] = "integer", ["format"] = "int64", ["minimum"] = 0 },
            },
        };
    }
}
