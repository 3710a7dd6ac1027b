using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmOps.Operator.Tests.Traffic;

/// <summary>JSON patches of members that are set, as the API server applies them.</summary>
internal static class JsonPatches
{
    /// <summary>The object with the patch applied; as it is where there is none.</summary>
    public static JsonObject Apply(JsonObject obj, JsonArray? patch)
    {
        var after = obj.DeepClone().AsObject();
        foreach (var operation in patch ?? [])
        {
            var path = ((string)operation!["path"]!).Split('/')[1..];
            var parent = path[..^1].Aggregate((JsonNode)after, (node, token) => node is JsonArray array ? array[int.Parse(token, CultureInfo.InvariantCulture)]! : node[token]!);
            parent[path[^1]] = operation["value"]?.DeepClone();
        }

        return after;
    }
}
