using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A value that is kept as its bytes until somebody asks: a parsed document takes twice the memory, and most are never looked at.</summary>
[JsonConverter(typeof(RawJsonConverter))]
public sealed class RawJson
{
    internal RawJson(byte[] utf8) => Utf8 = utf8;

    internal byte[] Utf8 { get; }

    public static RawJson Of(JsonElement value) => new(JsonMarshal.GetRawUtf8Value(value).ToArray());

    /// <exception cref="JsonException">It is something else.</exception>
    public T? Read<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Utf8, type);

    public JsonElement Parse() => JsonElement.Parse(Utf8, new JsonDocumentOptions { MaxDepth = KubernetesJson.Default.Options.MaxDepth });
}

internal sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return RawJson.Of(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) => writer.WriteRawValue(value.Utf8, skipInputValidation: true);
}
