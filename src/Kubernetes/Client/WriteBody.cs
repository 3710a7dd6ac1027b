using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes;

/// <summary>What each kind of write sends. Pure.</summary>
internal static class WriteBody
{
    /// <summary>What the server fills in: to apply it would claim it (or, for the resource version, turn apply into a compare-and-swap).</summary>
    private static readonly string[] ServerOwned =
        ["resourceVersion", "uid", "managedFields", "creationTimestamp", "deletionTimestamp", "generation"];

    public static byte[] Whole<T>(T obj)
        where T : class, IResource<T> => Utf8(Node(obj));

    public static byte[] Applied<T>(T obj)
        where T : class, IResource<T>
    {
        var node = Node(obj);
        node.Remove("status");
        if (node["metadata"] is JsonObject metadata)
        {
            foreach (var field in ServerOwned)
                metadata.Remove(field);
        }

        return Utf8(node);
    }

    public static byte[] AppliedStatus<T>(T obj)
        where T : class, IResource<T>
    {
        var node = Node(obj);
        var metadata = new JsonObject { ["name"] = obj.Metadata.Name };
        if (!string.IsNullOrEmpty(obj.Metadata.Namespace))
            metadata["namespace"] = obj.Metadata.Namespace;
        // A status is worked out from one version of its object; the compare-and-swap keeps it off a newer one.
        if (!string.IsNullOrEmpty(obj.Metadata.ResourceVersion))
            metadata["resourceVersion"] = obj.Metadata.ResourceVersion;
        var body = new JsonObject
        {
            ["apiVersion"] = T.ResourceKind.ApiVersion,
            ["kind"] = T.ResourceKind.Kind,
            ["metadata"] = metadata,
        };
        if (node["status"] is { } status)
            body["status"] = status.DeepClone();
        return Utf8(body);
    }

    public static byte[] Utf8(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            node.WriteTo(writer);
        return buffer.ToArray();
    }

    private static JsonObject Node<T>(T obj)
        where T : class, IResource<T>
    {
        var node = JsonSerializer.SerializeToNode(obj, T.JsonType)!.AsObject();
        node["apiVersion"] = T.ResourceKind.ApiVersion;
        node["kind"] = T.ResourceKind.Kind;
        return node;
    }
}
