using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using Xunit;
using YamlDotNet.Serialization;

namespace LlmOps.Operator.Tests;

/// <summary>Compares objects with YAML files in <c>Golden/</c>. <c>LLMOPS_UPDATE_GOLDEN=1</c> writes them anew; read the diff before committing it.</summary>
internal static class Golden
{
    private static readonly ISerializer Serializer = new SerializerBuilder().WithQuotingNecessaryStrings().WithIndentedSequences().Build();

    /// <summary>The object must be what the file says.</summary>
    public static void Equal<T>(string file, params T[] objects)
        where T : class, IResource<T> =>
        Equal(file, objects.Select(obj => JsonSerializer.SerializeToNode(obj, T.JsonType)!));

    public static void Equal(string file, IEnumerable<JsonNode> objects)
    {
        var path = Path.Combine(Folder(), file);
        var actual = string.Join("---\n", objects.Select(node => Serializer.Serialize(ToGraph(node)!)));
        if (Environment.GetEnvironmentVariable("LLMOPS_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, actual);
        Assert.True(File.Exists(path), $"{path} is missing: run the test once with LLMOPS_UPDATE_GOLDEN=1");
        Assert.Equal(File.ReadAllText(path), actual);
    }

    /// <summary>The text must be what the file says.</summary>
    public static void EqualText(string file, string actual)
    {
        var path = Path.Combine(Folder(), file);
        if (Environment.GetEnvironmentVariable("LLMOPS_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, actual);
        Assert.True(File.Exists(path), $"{path} is missing: run the test once with LLMOPS_UPDATE_GOLDEN=1");
        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Golden");

    private static object? ToGraph(JsonNode? node) => node switch
    {
        JsonObject obj => obj.ToDictionary(member => member.Key, member => ToGraph(member.Value)),
        JsonArray array => array.Select(ToGraph).ToList(),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValueKind() == JsonValueKind.True,
        JsonValue value => value.TryGetValue<long>(out var whole) ? whole : double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture),
        _ => null,
    };
}
