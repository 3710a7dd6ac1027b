using System.Text.Json.Nodes;

namespace LlmOps.Testing.ApiServer.Apply;

/// <summary>
/// An object taken apart into what can be owned: its leaves, and the membership of elements of sets and keyed lists. An
/// empty map is a leaf; so is every atomic value.
/// </summary>
internal static class FieldLeaves
{
    /// <summary>Written by the server alone: nobody can own these.</summary>
    private static readonly HashSet<FieldPath> ServerOwned =
    [
        FieldPath.Root.Field("apiVersion"),
        FieldPath.Root.Field("kind"),
        .. new[]
        {
            "name", "namespace", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
            "deletionGracePeriodSeconds", "selfLink", "managedFields",
        }.Select(FieldPath.Root.Field("metadata").Field),
    ];

    /// <summary>Leaves with their values; the value of a membership is null.</summary>
    public static Dictionary<FieldPath, JsonNode?> Of(JsonObject root, MergeSchema schema)
    {
        var leaves = new Dictionary<FieldPath, JsonNode?>();
        VisitObject(root, schema, FieldPath.Root, leaves);
        return leaves;
    }

    private static void Visit(JsonNode? node, MergeSchema schema, FieldPath path, Dictionary<FieldPath, JsonNode?> leaves)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } obj when !schema.IsAtomic:
                VisitObject(obj, schema, path, leaves);
                break;
            case JsonArray { Count: > 0 } array when schema.ListType != "atomic":
                foreach (var item in array)
                {
                    // An element without its key cannot be told from others; the schema check refuses it elsewhere.
                    if (schema.Identity(item) is not { } identity)
                        continue;
                    var element = path.Append(identity);
                    leaves[element] = null;
                    if (item is JsonObject { Count: > 0 } fields)
                        VisitObject(fields, schema.Element, element, leaves);
                }

                break;
            default:
                leaves[path] = node;
                break;
        }
    }

    private static void VisitObject(JsonObject obj, MergeSchema schema, FieldPath path, Dictionary<FieldPath, JsonNode?> leaves)
    {
        foreach (var (name, value) in obj)
        {
            var member = path.Field(name);
            if (!ServerOwned.Contains(member) && !(path == FieldPath.Root && name == "metadata" && value is JsonObject { Count: 0 }))
                Visit(value, schema.Member(name), member, leaves);
        }
    }
}
