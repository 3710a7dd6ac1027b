using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace LlmOps.Charts.Tests;

/// <summary>Writes YAML for goldens.</summary>
internal static class Yaml
{
    private static readonly ISerializer Serializer = new SerializerBuilder().WithQuotingNecessaryStrings().WithIndentedSequences().Build();

    public static string Write(JsonNode node) => Serializer.Serialize(ToGraph(node)!);

    private static object? ToGraph(JsonNode? node) => node switch
    {
        JsonObject obj => obj.ToDictionary(member => member.Key, member => ToGraph(member.Value)),
        JsonArray array => array.Select(ToGraph).ToList(),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValueKind() == JsonValueKind.True,
        JsonValue value => value.TryGetValue<long>(out var whole) ? whole : value.GetValue<double>(),
        _ => null,
    };
}
