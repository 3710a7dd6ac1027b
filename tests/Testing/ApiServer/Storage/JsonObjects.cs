using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOps.Testing.ApiServer.Storage;

/// <summary>Ways to look at the JSON of any Kubernetes object.</summary>
internal static class JsonObjects
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The metadata; made when there is none.</summary>
    public static JsonObject Metadata(this JsonObject obj)
    {
        if (obj["metadata"] is not JsonObject metadata)
            obj["metadata"] = metadata = [];
        return metadata;
    }

    public static byte[] ToUtf8(this JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
            node.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a simple JSON path of a CRD (<c>.spec.replicas</c>, <c>.metadata.annotations</c>); null when it is not there.</summary>
    public static JsonNode? At(this JsonObject obj, string path)
    {
        JsonNode? node = obj;
        foreach (var name in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
            node = (node as JsonObject)?[name];
        return node;
    }

    /// <summary>Writes at a simple JSON path and makes the parents that are missing.</summary>
    public static void SetAt(this JsonObject obj, string path, JsonNode? value)
    {
        var names = path.Split('.', StringSplitOptions.RemoveEmptyEntries);
        var node = obj;
        foreach (var name in names[..^1])
        {
            if (node[name] is not JsonObject next)
                node[name] = next = [];
            node = next;
        }

        node[names[^1]] = value;
    }
}
