using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlmOps.Kubernetes.Schema;

/// <summary>
/// A structural OpenAPI v3 schema of a CustomResourceDefinition: what both the in-process API server of the tests and <c>kubectl llm lint</c> go by, and
/// what tests hold against the real API server.
/// See https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
/// </summary>
public sealed record StructuralSchema
{
    public string? Type { get; init; }

    public bool Nullable { get; init; }

    public bool IntOrString { get; init; }

    public bool PreserveUnknownFields { get; init; }

    public bool EmbeddedResource { get; init; }

    public JsonNode? Default { get; init; }

    public IReadOnlyDictionary<string, StructuralSchema> Properties { get; init; } = new Dictionary<string, StructuralSchema>();

    /// <summary>Schema of the values of a map; null where the object is no map.</summary>
    public StructuralSchema? AdditionalProperties { get; init; }

    public StructuralSchema? Items { get; init; }

    /// <summary><c>atomic</c> (also where nothing is said), <c>set</c> or <c>map</c>.</summary>
    public string ListType { get; init; } = "atomic";

    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary><c>granular</c> (also where nothing is said) or <c>atomic</c>.</summary>
    public string MapType { get; init; } = "granular";

    public IReadOnlyList<string> Required { get; init; } = [];

    public IReadOnlyList<JsonNode?>? Enum { get; init; }

    public Regex? Pattern { get; init; }

    public string? Format { get; init; }

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public bool ExclusiveMinimum { get; init; }

    public bool ExclusiveMaximum { get; init; }

    public double? MultipleOf { get; init; }

    public int? MinLength { get; init; }

    public int? MaxLength { get; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    public int? MinProperties { get; init; }

    public int? MaxProperties { get; init; }

    /// <summary>CEL rules (<c>x-kubernetes-validations</c>) of this place.</summary>
    public IReadOnlyList<ValidationRule> Rules { get; init; } = [];

    public IReadOnlyList<StructuralSchema> AllOf { get; init; } = [];

    public IReadOnlyList<StructuralSchema> AnyOf { get; init; } = [];

    public IReadOnlyList<StructuralSchema> OneOf { get; init; } = [];

    public StructuralSchema? Not { get; init; }

    public static StructuralSchema Read(JsonObject json) => new()
    {
        Type = (string?)json["type"],
        Nullable = Flag(json, "nullable"),
        IntOrString = Flag(json, "x-kubernetes-int-or-string"),
        PreserveUnknownFields = Flag(json, "x-kubernetes-preserve-unknown-fields") || json["additionalProperties"] is JsonValue open && (bool)open,
        EmbeddedResource = Flag(json, "x-kubernetes-embedded-resource"),
        Default = json["default"]?.DeepClone(),
        Properties = json["properties"] is JsonObject properties
            ? properties.ToDictionary(static p => p.Key, static p => Read(p.Value!.AsObject()))
            : new Dictionary<string, StructuralSchema>(),
        AdditionalProperties = json["additionalProperties"] is JsonObject values ? Read(values) : null,
        Items = json["items"] is JsonObject items ? Read(items) : null,
        ListType = (string?)json["x-kubernetes-list-type"] ?? "atomic",
        ListMapKeys = json["x-kubernetes-list-map-keys"] is JsonArray keys ? [.. keys.Select(static k => (string)k!)] : [],
        MapType = (string?)json["x-kubernetes-map-type"] ?? "granular",
        Required = json["required"] is JsonArray required ? [.. required.Select(static k => (string)k!)] : [],
        Enum = json["enum"] is JsonArray values2 ? [.. values2.Select(static v => v?.DeepClone())] : null,
        Pattern = (string?)json["pattern"] is { } pattern ? new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) : null,
        Format = (string?)json["format"],
        Minimum = Number(json, "minimum"),
        Maximum = Number(json, "maximum"),
        ExclusiveMinimum = Flag(json, "exclusiveMinimum"),
        ExclusiveMaximum = Flag(json, "exclusiveMaximum"),
        MultipleOf = Number(json, "multipleOf"),
        MinLength = (int?)Number(json, "minLength"),
        MaxLength = (int?)Number(json, "maxLength"),
        MinItems = (int?)Number(json, "minItems"),
        MaxItems = (int?)Number(json, "maxItems"),
        MinProperties = (int?)Number(json, "minProperties"),
        MaxProperties = (int?)Number(json, "maxProperties"),
        Rules = json["x-kubernetes-validations"] is JsonArray rules ? [.. rules.Select(static r => ValidationRule.Read(r!.AsObject()))] : [],
        AllOf = Many(json, "allOf"),
        AnyOf = Many(json, "anyOf"),
        OneOf = Many(json, "oneOf"),
        Not = json["not"] is JsonObject not ? Read(not) : null,
    };

    /// <summary>The schema of a member: a declared property, else the values of a map, else null (unknown).</summary>
    public StructuralSchema? Member(string name) => Properties.GetValueOrDefault(name) ?? AdditionalProperties;

    private static StructuralSchema[] Many(JsonObject json, string name) =>
        json[name] is JsonArray schemas ? [.. schemas.Select(static s => Read(s!.AsObject()))] : [];

    private static bool Flag(JsonObject json, string name) => json[name] is JsonValue value && (bool)value;

    private static double? Number(JsonObject json, string name) => json[name]?.AsValue().TryGetNumber();
}
