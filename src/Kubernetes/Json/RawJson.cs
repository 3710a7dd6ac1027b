using System.Buffers;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A value that is kept as its bytes until somebody asks: a parsed document takes twice the memory, and most are never looked at. Immutable.</summary>
[JsonConverter(typeof(RawJsonConverter))]
public sealed class RawJson
{
    private readonly byte[] bytes;

    /// <summary>Length of what <see cref="bytes"/> were before they were compressed; null where they are not.</summary>
    private readonly int? unpacked;

    internal RawJson(byte[] utf8)
        : this(utf8, null)
    {
    }

    private RawJson(byte[] bytes, int? unpacked) => (this.bytes, this.unpacked) = (bytes, unpacked);

    /// <summary>How many bytes it takes in memory.</summary>
    internal int Size => bytes.Length;

    internal byte[] Utf8 => unpacked is { } length ? Unpack(length) : bytes;

    public static RawJson Of(JsonElement value) => new(JsonMarshal.GetRawUtf8Value(value).ToArray());

    public static RawJson Of<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <summary>The same value compressed, if that is shorter: for what is kept by the thousand and read now and then. Reading it takes microseconds longer.</summary>
    public RawJson Packed()
    {
        // The lowest that finds repetitions: an object of a few KiB becomes a third, and thousands of them cost little time at the start.
        const int Quality = 2;
        const int Window = 16;
        if (unpacked is not null)
            return this;
        var scratch = ArrayPool<byte>.Shared.Rent(bytes.Length);
        try
        {
            return BrotliEncoder.TryCompress(bytes, scratch.AsSpan(0, bytes.Length), out var written, Quality, Window) ? new(scratch[..written], bytes.Length) : this;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <exception cref="JsonException">It is something else.</exception>
    public T? Read<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Utf8, type);

    public JsonElement Parse() => JsonElement.Parse(Utf8, new JsonDocumentOptions { MaxDepth = KubernetesJson.Default.Options.MaxDepth });

    private byte[] Unpack(int length)
    {
        var utf8 = new byte[length];
        return BrotliDecoder.TryDecompress(bytes, utf8, out var written) && written == length ? utf8 : throw new InvalidDataException("what was compressed here cannot be read");
    }
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
