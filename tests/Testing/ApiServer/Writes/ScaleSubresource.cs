using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>The scale subresource (autoscaling/v1 Scale) as a view of an object.</summary>
internal static class ScaleSubresource
{
    public static JsonObject Of(StoredObject stored)
    {
        var definition = stored.Resource.Scale ?? throw StatusError.UnknownPath();
        var metadata = new JsonObject();
        foreach (var field in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
        {
            if (stored.Json.Metadata()[field] is { } value)
                metadata[field] = value.DeepClone();
        }

        var spec = new JsonObject();
        if (stored.Json.At(definition.SpecReplicasPath) is { } replicas)
            spec["replicas"] = replicas.DeepClone();
        var status = new JsonObject { ["replicas"] = stored.Json.At(definition.StatusReplicasPath)?.DeepClone() ?? 0 };
        if (definition.LabelSelectorPath is { } path && Selector(stored.Json.At(path)) is { Length: > 0 } selector)
            status["selector"] = selector;
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = spec,
            ["status"] = status,
        };
    }

    /// <summary>The stored object with the replicas that a Scale asks for.</summary>
    /// <exception cref="StatusError">422 when they are negative; 409 (from the write) when the Scale is stale.</exception>
    public static JsonObject Into(StoredObject stored, JsonObject scale)
    {
        var definition = stored.Resource.Scale ?? throw StatusError.UnknownPath();
        var replicas = (long)(scale["spec"]?["replicas"]?.TryGetNumber() ?? 0);
        if (replicas < 0)
            throw StatusError.Invalid(stored.Resource, stored.Key.Name, [FieldCause.Invalid("spec.replicas", replicas.ToString(CultureInfo.InvariantCulture), "should be a non-negative integer")]);
        var result = stored.Json.DeepClone().AsObject();
        result.SetAt(definition.SpecReplicasPath, replicas);
        var version = (string?)scale["metadata"]?["resourceVersion"];
        if (string.IsNullOrEmpty(version))
            result.Metadata()["resourceVersion"] = stored.ResourceVersion.ToString(CultureInfo.InvariantCulture);
        else
            result.Metadata()["resourceVersion"] = version;
        return result;
    }

    /// <summary>A custom resource keeps the selector as text, a workload as an object.</summary>
    private static string? Selector(JsonNode? node) => node switch
    {
        JsonObject { Count: > 0 } selector when selector["matchLabels"] is JsonObject labels =>
            string.Join(",", labels.OrderBy(static l => l.Key, StringComparer.Ordinal).Select(static l => $"{l.Key}={l.Value}")),
        JsonValue text => (string?)text,
        _ => null,
    };
}
