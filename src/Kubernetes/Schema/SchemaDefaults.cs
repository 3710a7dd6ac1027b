using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema;

/// <summary>Pruning of unknown fields and defaulting, in the order and with the null rules of apiextensions-apiserver.</summary>
public static class SchemaDefaults
{
    /// <summary>Removes what the schema does not declare; returns the removed paths.</summary>
    public static IReadOnlyList<string> Prune(JsonObject root, StructuralSchema schema)
    {
        var removed = new List<string>();
        PruneObject(root, schema, string.Empty, removed, isResource: true);
        return removed;
    }

    /// <summary>Drops nulls of fields that are not nullable, then fills in defaults.</summary>
    public static void ApplyDefaults(JsonNode? node, StructuralSchema schema)
    {
        switch (node)
        {
            case JsonObject obj:
                DefaultObject(obj, schema);
                break;
            case JsonArray array when schema.Items is { } items:
                foreach (var item in array)
                    ApplyDefaults(item, items);
                break;
        }
    }

    private static void DefaultObject(JsonObject obj, StructuralSchema schema)
    {
        foreach (var name in obj.Where(static p => p.Value is null).Select(static p => p.Key).ToList())
        {
            if (schema.Member(name) is { Nullable: false })
                obj.Remove(name);
        }

        foreach (var (name, property) in schema.Properties)
        {
            if (property.Default is { } value && !obj.ContainsKey(name))
                obj[name] = value.DeepClone();
        }

        foreach (var (name, value) in obj)
        {
            if (schema.Member(name) is { } member)
                ApplyDefaults(value, member);
        }
    }

    private static void PruneObject(JsonObject obj, StructuralSchema schema, string path, List<string> removed, bool isResource)
    {
        foreach (var (name, value) in obj.ToList())
        {
            if (isResource && name is "apiVersion" or "kind" or "metadata" && (isResource || schema.EmbeddedResource))
                continue;
            var memberPath = path.Length == 0 ? name : $"{path}.{name}";
            if (schema.Member(name) is { } member)
            {
                PruneNode(value, member, memberPath, removed);
            }
            else if (!schema.PreserveUnknownFields)
            {
                obj.Remove(name);
                removed.Add(memberPath);
            }
        }
    }

    private static void PruneNode(JsonNode? node, StructuralSchema schema, string path, List<string> removed)
    {
        switch (node)
        {
            case JsonObject obj:
                PruneObject(obj, schema, path, removed, schema.EmbeddedResource);
                break;
            case JsonArray array when schema.Items is { } items:
                for (var i = 0; i < array.Count; i++)
                    PruneNode(array[i], items, $"{path}[{i}]", removed);
                break;
        }
    }
}
