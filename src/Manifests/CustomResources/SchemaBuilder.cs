using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Manifests.CustomResources;

/// <summary>Structural schemas (<c>openAPIV3Schema</c>) of wire records, from their types, attributes and doc comments.</summary>
internal sealed class SchemaBuilder(DocComments docs)
{
    /// <summary>Schema of a whole object of a kind.</summary>
    public JsonObject ForKind(Type kind) => ForRecord(kind, docs.Of(kind), metadata: true);

    private JsonObject ForRecord(Type type, string? description, bool metadata = false)
    {
        var fields = new JsonObject();
        var required = new JsonArray();
        foreach (var property in Properties(type))
        {
            var name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            fields[name] = metadata && WellKnown.ObjectField(property.Name) is { } known ? known : ForProperty(property);
            if (property.GetCustomAttribute<RequiredMemberAttribute>() is not null)
                required.Add(name);
        }

        var schema = Described(description);
        schema["type"] = "object";
        if (required.Count > 0)
            schema["required"] = required;
        schema["properties"] = fields;
        AddRules(schema, type.GetCustomAttributes<CelRuleAttribute>());
        return schema;
    }

    private JsonObject ForProperty(PropertyInfo property)
    {
        var schema = ForType(property.PropertyType, docs.Of(property));
        if (property.GetCustomAttribute<PreserveUnknownFieldsAttribute>() is not null)
            (schema["type"], schema["x-kubernetes-preserve-unknown-fields"]) = ("object", true);
        if (property.GetCustomAttribute<SchemaDefaultAttribute>() is { } @default)
            schema["default"] = JsonNode.Parse(@default.Json);
        if (property.GetCustomAttribute<BoundsAttribute>() is { } bounds)
            AddBounds(schema, bounds);
        AddSize(schema, property.GetCustomAttribute<SizeAttribute>());

        // What is said about the texts of a list is said about its items.
        var text = schema["items"] as JsonObject ?? schema;
        if (property.GetCustomAttribute<OneOfAttribute>() is { } oneOf)
            text["enum"] = new JsonArray([.. oneOf.Values.Select(v => JsonValue.Create(v))]);
        AddPattern(text, property.GetCustomAttribute<TextPatternAttribute>());

        if (schema["type"]?.GetValue<string>() == "array")
        {
            var list = property.GetCustomAttribute<ListTypeAttribute>();
            schema["x-kubernetes-list-type"] = list?.Type ?? "atomic";
            if (list is { Keys.Count: > 0 })
                schema["x-kubernetes-list-map-keys"] = new JsonArray([.. list.Keys.Select(k => JsonValue.Create(k))]);
        }

        AddRules(schema, property.GetCustomAttributes<CelRuleAttribute>());
        return schema;
    }

    private JsonObject ForType(Type type, string? description)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (Scalar(type) is var (name, format))
        {
            var scalar = Described(description);
            scalar["type"] = name;
            if (format is not null)
                scalar["format"] = format;
            return scalar;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            var list = Described(description);
            list["type"] = "array";
            list["items"] = ForType(type.GenericTypeArguments[0], docs.Of(type.GenericTypeArguments[0]));
            return list;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) && type.GenericTypeArguments[0] == typeof(string))
        {
            var map = Described(description);
            map["type"] = "object";
            map["additionalProperties"] = ForType(type.GenericTypeArguments[1], docs.Of(type.GenericTypeArguments[1]));
            return map;
        }

        return ForStruct(type, description) ?? WellKnown.Condition(type, docs) ?? WellKnown.LocalObject(type, docs) ?? ForRecord(type, description ?? docs.Of(type));
    }

    private static JsonObject? ForStruct(Type type, string? description)
    {
        var schema = Described(description);
        if (type == typeof(JsonElement))
            return schema;
        if (type == typeof(IntOrString))
        {
            schema["x-kubernetes-int-or-string"] = true;
            return schema;
        }

        if (type.GetCustomAttribute<TextPatternAttribute>() is not { } pattern)
            return null;
        schema["type"] = "string";
        AddSize(schema, type.GetCustomAttribute<SizeAttribute>());
        AddPattern(schema, pattern);
        return schema;
    }

    private static (string Name, string? Format)? Scalar(Type type) => type switch
    {
        _ when type == typeof(string) => ("string", null),
        _ when type == typeof(bool) => ("boolean", null),
        _ when type == typeof(int) => ("integer", "int32"),
        _ when type == typeof(long) => ("integer", "int64"),
        _ when type == typeof(double) => ("number", "double"),
        _ when type == typeof(DateTimeOffset) => ("string", "date-time"),
        _ => null,
    };

    private static JsonObject Described(string? description) => description is null ? [] : new() { ["description"] = description };

    private static void AddBounds(JsonObject schema, BoundsAttribute bounds)
    {
        if (!double.IsNaN(bounds.Min))
            schema["minimum"] = bounds.Min;
        if (bounds.ExclusiveMin)
            schema["exclusiveMinimum"] = true;
        if (!double.IsNaN(bounds.Max))
            schema["maximum"] = bounds.Max;
    }

    private static void AddSize(JsonObject schema, SizeAttribute? size)
    {
        if (size is null)
            return;
        var what = schema["type"]?.GetValue<string>() switch { "array" => "Items", "object" => "Properties", _ => "Length" };
        if (size.Min >= 0)
            schema["min" + what] = size.Min;
        if (size.Max >= 0)
            schema["max" + what] = size.Max;
    }

    /// <summary>A pattern with a message becomes a rule, because the API server's own message would only quote the expression.</summary>
    private static void AddPattern(JsonObject schema, TextPatternAttribute? pattern)
    {
        if (pattern is { Message: { } message })
            AddRules(schema, [new($"self.matches(r'{pattern.Pattern}')", message)]);
        else if (pattern is not null)
            schema["pattern"] = pattern.Pattern;
    }

    private static void AddRules(JsonObject schema, IEnumerable<CelRuleAttribute> rules)
    {
        foreach (var rule in rules)
        {
            var list = schema["x-kubernetes-validations"] as JsonArray;
            if (list is null)
                schema["x-kubernetes-validations"] = list = [];
            var entry = new JsonObject { ["rule"] = rule.Rule, ["message"] = rule.Message };
            if (rule.FieldPath is { } path)
                entry["fieldPath"] = path;
            list.Add(entry);
        }
    }

    /// <summary>Wire properties in the order of the source.</summary>
    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetCustomAttribute<JsonIgnoreAttribute>() is null).OrderBy(p => p.MetadataToken);
}
