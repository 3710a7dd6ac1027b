using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>Only what every object has: enough to know which one it is.</summary>
internal sealed record PartialObject
{
    public PartialMetadata Metadata { get; init => field = value ?? new(); } = new();

    public ObjectKey Key => new(Metadata.Namespace ?? string.Empty, Metadata.Name ?? string.Empty);

    public static PartialObject Decode(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, PartialJson.Default.PartialObject) ?? throw new JsonException("null instead of an object");
}

internal sealed record PartialMetadata
{
    public string? Name { get; init; }

    public string? Namespace { get; init; }

    public string? ResourceVersion { get; init; }

    public IReadOnlyDictionary<string, string?>? Annotations { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, MaxDepth = JsonSlice.MostDepth)]
[JsonSerializable(typeof(PartialObject))]
internal sealed partial class PartialJson : JsonSerializerContext;

/// <summary>Decodes one object, and makes sure that it has what every object has.</summary>
internal static class ObjectJson
{
    /// <exception cref="JsonException">This is no object of the kind, or it has no name.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> json)
        where T : class, IResource<T>
    {
        var obj = JsonSerializer.Deserialize(json, T.JsonType);
        return obj?.Metadata?.Name is { Length: > 0 } ? obj : throw new JsonException("an object without metadata.name");
    }
}

/// <summary>Cuts one value out of a larger document without decoding it.</summary>
internal static class JsonSlice
{
    /// <summary>Deepest document whose parts are told apart: as deep as the API server takes it (Go reads 10,000 levels), and a list or an event around it.</summary>
    public const int MostDepth = 10_100;

    /// <summary>For reading what objects are in a document, however deep one of them is: that one cannot be decoded then, and the others can.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = MostDepth };

    /// <summary>The value that the reader stands on; the reader moves to its end.</summary>
    public static ReadOnlySpan<byte> Take(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> document)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return document[start..(int)reader.BytesConsumed];
    }
}
