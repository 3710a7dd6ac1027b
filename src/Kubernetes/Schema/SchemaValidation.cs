using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema;

/// <summary>Checks a value against its schema and words the failures as the real API server does.</summary>
public static class SchemaValidation
{
    public static IReadOnlyList<FieldCause> Validate(JsonObject root, StructuralSchema schema)
    {
        var causes = new List<FieldCause>();
        ValidateObject(root, schema, string.Empty, causes, isResource: true);
        return causes;
    }

    private static void Validate(JsonNode? node, StructuralSchema schema, string path, List<FieldCause> causes)
    {
        if (node is null)
        {
            if (!schema.Nullable)
                causes.Add(FieldCause.TypeInvalid(path, "null", $"{path} in body must be of type {schema.Type}: \"null\""));
            return;
        }

        if (!HasType(node, schema))
        {
            causes.Add(FieldCause.TypeInvalid(path, Quoted(node), $"{path} in body must be of type {schema.Type}: \"{TypeName(node)}\""));
            return;
        }

        ValidateValue(node, schema, path, causes);
        switch (node)
        {
            case JsonObject obj:
                ValidateObject(obj, schema, path, causes, schema.EmbeddedResource);
                break;
            case JsonArray array:
                ValidateArray(array, schema, path, causes);
                break;
        }

        ValidateCombinations(node, schema, path, causes);
    }

    private static void ValidateValue(JsonNode node, StructuralSchema schema, string path, List<FieldCause> causes)
    {
        if (schema.Enum is { } allowed && !allowed.Any(a => JsonNode.DeepEquals(a, node)))
            causes.Add(FieldCause.NotSupported(path, Quoted(node), allowed.Select(static a => a?.ToJsonString() ?? "null")));
        if (node.TryGetNumber() is { } number)
        {
            if (schema.Minimum is { } min && (schema.ExclusiveMinimum ? number <= min : number < min))
                causes.Add(Broken(path, node, $"should be greater than{(schema.ExclusiveMinimum ? string.Empty : " or equal to")} {Text(min)}"));
            if (schema.Maximum is { } max && (schema.ExclusiveMaximum ? number >= max : number > max))
                causes.Add(Broken(path, node, $"should be less than{(schema.ExclusiveMaximum ? string.Empty : " or equal to")} {Text(max)}"));
            if (schema.MultipleOf is { } factor && Math.Abs(number / factor - Math.Round(number / factor)) > 1e-9)
                causes.Add(Broken(path, node, $"should be a multiple of {Text(factor)}"));
        }

        if (node.GetValueKind() == JsonValueKind.String)
        {
            var text = (string)node!;
            if (schema.MinLength is { } minLength && new StringInfo(text).LengthInTextElements < minLength)
                causes.Add(Broken(path, node, $"should be at least {minLength} chars long"));
            if (schema.MaxLength is { } maxLength && new StringInfo(text).LengthInTextElements > maxLength)
                causes.Add(FieldCause.TooLong(path, maxLength));
            if (schema.Pattern is { } pattern && !pattern.IsMatch(text))
                causes.Add(Broken(path, node, $"should match '{pattern}'"));
            if (schema.Format == "date-time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _))
                causes.Add(Broken(path, node, $"must be of type date-time: {Quoted(node)}"));
        }
    }

    private static void ValidateObject(JsonObject obj, StructuralSchema schema, string path, List<FieldCause> causes, bool isResource)
    {
        foreach (var name in schema.Required.Where(name => !obj.ContainsKey(name)))
            causes.Add(FieldCause.RequiredValue(Join(path, name)));
        if (schema.MinProperties is { } min && obj.Count < min)
            causes.Add(Broken(path, obj, $"should have at least {min} properties"));
        if (schema.MaxProperties is { } max && obj.Count > max)
            causes.Add(FieldCause.TooMany(path, obj.Count, max));
        foreach (var (name, value) in obj)
        {
            // The server itself owns these; a schema of metadata may only restrict the name.
            if (isResource && name is "apiVersion" or "kind" or "metadata" && isResource)
                continue;
            if (schema.Member(name) is { } member)
                Validate(value, member, Join(path, name), causes);
        }
    }

    private static void ValidateArray(JsonArray array, StructuralSchema schema, string path, List<FieldCause> causes)
    {
        if (schema.MinItems is { } min && array.Count < min)
            causes.Add(Broken(path, array, $"should have at least {min} items"));
        if (schema.MaxItems is { } max && array.Count > max)
            causes.Add(FieldCause.TooMany(path, array.Count, max));
        var seen = new HashSet<string>();
        for (var i = 0; i < array.Count; i++)
        {
            var itemPath = $"{path}[{i}]";
            if (schema.Items is { } items)
                Validate(array[i], items, itemPath, causes);
            var identity = ListIdentity.Of(array[i], schema.ListType, schema.ListMapKeys, key => schema.Items?.Properties.GetValueOrDefault(key)?.Default);
            if (identity is not null && !seen.Add(identity))
                causes.Add(FieldCause.Duplicate(itemPath, identity[2..]));
        }
    }

    private static void ValidateCombinations(JsonNode node, StructuralSchema schema, string path, List<FieldCause> causes)
    {
        foreach (var part in schema.AllOf)
            Validate(node, part, path, causes);
        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(part => Holds(node, part)))
            causes.Add(Broken(path, node, "must validate at least one schema (anyOf)"));
        if (schema.OneOf.Count > 0 && schema.OneOf.Count(part => Holds(node, part)) != 1)
            causes.Add(Broken(path, node, "must validate one and only one schema (oneOf)"));
        if (schema.Not is { } not && Holds(node, not))
            causes.Add(Broken(path, node, "must not validate the schema (not)"));
    }

    private static bool Holds(JsonNode node, StructuralSchema schema)
    {
        var causes = new List<FieldCause>();
        Validate(node, schema, string.Empty, causes);
        return causes.Count == 0;
    }

    private static bool HasType(JsonNode node, StructuralSchema schema) =>
        schema.IntOrString
            ? node.GetValueKind() == JsonValueKind.String || node.IsInteger()
            : schema.Type switch
            {
                null or "" => true,
                "object" => node is JsonObject,
                "array" => node is JsonArray,
                "string" => node.GetValueKind() == JsonValueKind.String,
                "boolean" => node.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
                "integer" => node.IsInteger(),
                "number" => node.GetValueKind() == JsonValueKind.Number,
                _ => false,
            };

    private static string TypeName(JsonNode node) => node switch
    {
        JsonObject => "object",
        JsonArray => "array",
        _ when node.IsInteger() => "integer",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "boolean",
        },
    };

    private static FieldCause Broken(string path, JsonNode node, string what) =>
        FieldCause.Invalid(path, Quoted(node), $"{path} in body {what}");

    private static string Quoted(JsonNode node) => node.ToJsonString();

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
