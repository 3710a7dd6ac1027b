using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema;

/// <summary>Names an element of a set or of a keyed list in the notation of <c>fieldsV1</c>.</summary>
public static class ListIdentity
{
    /// <returns><c>v:…</c> in a set, <c>k:{…}</c> in a keyed list, null in an atomic list or where a key is missing.</returns>
    public static string? Of(JsonNode? item, string listType, IReadOnlyList<string> keys, Func<string, JsonNode?> defaultOf)
    {
        switch (listType)
        {
            case "set":
                return "v:" + (item?.ToJsonString() ?? "null");
            case "map" when item is JsonObject obj:
                var identity = new JsonObject();
                foreach (var key in keys.Order(StringComparer.Ordinal))
                {
                    if ((obj[key] ?? defaultOf(key)) is { } value)
                        identity[key] = value.DeepClone();
                }

                return identity.Count == 0 ? null : "k:" + identity.ToJsonString();
            default:
                return null;
        }
    }
}
