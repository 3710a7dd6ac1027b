using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Http;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>JSON merge patch (RFC 7386) and JSON patch (RFC 6902).</summary>
internal static class Patches
{
    public static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        var result = target.DeepClone().AsObject();
        MergeInto(result, patch);
        return result;
    }

    /// <exception cref="StatusError">422 when a <c>test</c> fails or a path does not exist.</exception>
    public static JsonObject Json(JsonObject target, JsonArray operations)
    {
        JsonNode? root = target.DeepClone();
        foreach (var operation in operations.Select(static o => o as JsonObject ?? throw StatusError.BadRequest("json patch: an operation is no object")))
        {
            var path = (string?)operation["path"] ?? throw StatusError.BadRequest("json patch: an operation has no path");
            var value = operation["value"];
            var from = (string?)operation["from"];
            root = (string?)operation["op"] switch
            {
                "add" => Set(root, path, value?.DeepClone(), insert: true),
                "replace" => Set(Existing(root, path), path, value?.DeepClone(), insert: false),
                "remove" => Remove(Existing(root, path), path),
                "copy" => Set(root, path, Find(Existing(root, from!), from!)?.DeepClone(), insert: true),
                "move" => Set(Remove(Existing(root, from!).DeepClone(), from!), path, Find(root!, from!)?.DeepClone(), insert: true),
                "test" when JsonNode.DeepEquals(Find(root!, path), value) => root,
                "test" => throw Unprocessable($"testing value {path} failed"),
                var op => throw StatusError.BadRequest($"json patch: unknown operation {op}"),
            };
        }

        return root as JsonObject ?? throw StatusError.BadRequest("json patch: the result is no object");
    }

    private static void MergeInto(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject nested:
                    if (target[name] is not JsonObject child)
                        target[name] = child = [];
                    MergeInto(child, nested);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }
    }

    private static IReadOnlyList<string> Tokens(string pointer) =>
        pointer.Length == 0 ? [] : [.. pointer[1..].Split('/').Select(static t => t.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    private static JsonNode? Find(JsonNode root, string pointer)
    {
        var node = root;
        foreach (var token in Tokens(pointer))
        {
            node = node switch
            {
                JsonObject obj => obj[token],
                JsonArray array when int.TryParse(token, CultureInfo.InvariantCulture, out var index) && index < array.Count => array[index],
                _ => null,
            };
            if (node is null)
                return null;
        }

        return node;
    }

    private static JsonNode Existing(JsonNode? root, string pointer) =>
        root is not null && Find(root, pointer) is not null ? root : throw Unprocessable($"the path {pointer} does not exist");

    private static JsonNode? Set(JsonNode? root, string pointer, JsonNode? value, bool insert)
    {
        if (pointer.Length == 0)
            return value;
        var (parent, token) = Parent(root!, pointer);
        switch (parent)
        {
            case JsonObject obj:
                obj[token] = value;
                break;
            case JsonArray array when token == "-":
                array.Add(value);
                break;
            case JsonArray array when insert:
                array.Insert(int.Parse(token, CultureInfo.InvariantCulture), value);
                break;
            case JsonArray array:
                array[int.Parse(token, CultureInfo.InvariantCulture)] = value;
                break;
            default:
                throw Unprocessable($"the parent of {pointer} does not exist");
        }

        return root;
    }

    private static JsonNode Remove(JsonNode root, string pointer)
    {
        var (parent, token) = Parent(root, pointer);
        if (parent is JsonObject obj)
            obj.Remove(token);
        else if (parent is JsonArray array)
            array.RemoveAt(int.Parse(token, CultureInfo.InvariantCulture));
        return root;
    }

    private static (JsonNode? Parent, string Token) Parent(JsonNode root, string pointer)
    {
        var at = pointer.LastIndexOf('/');
        return (Find(root, pointer[..at]), Tokens(pointer)[^1]);
    }

    private static StatusError Unprocessable(string message) => new(422, "Invalid", "the server rejected our request due to an error in our request: " + message);
}
