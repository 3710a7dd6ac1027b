using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema;

namespace LlmOps.Testing.ApiServer.Apply;

/// <summary>
/// How values merge in server-side apply: what structured-merge-diff reads from the schema. Where nothing is known, maps
/// are granular and lists atomic.
/// </summary>
internal sealed record MergeSchema
{
    public static MergeSchema Unknown { get; } = new();

    /// <summary>The value is owned as a whole, whatever is in it.</summary>
    public static MergeSchema Atomic { get; } = new() { IsAtomic = true };

    public bool IsAtomic { get; init; }

    public IReadOnlyDictionary<string, MergeSchema> Properties { get; init; } = new Dictionary<string, MergeSchema>();

    public MergeSchema? Values { get; init; }

    /// <summary><c>atomic</c>, <c>set</c> or <c>map</c>.</summary>
    public string ListType { get; init; } = "atomic";

    /// <summary>Keys of a list of type map, each with the value that an absent key stands for.</summary>
    public IReadOnlyList<(string Name, JsonNode? Default)> Keys { get; init; } = [];

    public MergeSchema? Items { get; init; }

    public MergeSchema Member(string name) => Properties.GetValueOrDefault(name) ?? Values ?? Unknown;

    public MergeSchema Element => Items ?? Unknown;

    /// <summary>Identity of a list element, or null in an atomic list.</summary>
    public string? Identity(JsonNode? item) =>
        ListIdentity.Of(item, ListType, [.. Keys.Select(static k => k.Name)], key => Keys.First(k => k.Name == key).Default);

    public static MergeSchema Set() => new() { ListType = "set" };

    public static MergeSchema Map(string key, MergeSchema? items = null) => new() { ListType = "map", Keys = [(key, null)], Items = items };

    public static MergeSchema Map(IReadOnlyList<(string Name, JsonNode? Default)> keys, MergeSchema? items = null) =>
        new() { ListType = "map", Keys = keys, Items = items };

    public static MergeSchema Struct(params (string Name, MergeSchema Schema)[] properties) =>
        new() { Properties = properties.ToDictionary(static p => p.Name, static p => p.Schema) };

    public static MergeSchema Of(StructuralSchema schema) => new()
    {
        IsAtomic = schema.MapType == "atomic",
        Properties = schema.Properties.ToDictionary(static p => p.Key, static p => Of(p.Value)),
        Values = schema.AdditionalProperties is { } values ? Of(values) : null,
        ListType = schema.ListType,
        Keys = [.. schema.ListMapKeys.Select(k => (k, schema.Items?.Properties.GetValueOrDefault(k)?.Default))],
        Items = schema.Items is { } items ? Of(items) : null,
    };
}
