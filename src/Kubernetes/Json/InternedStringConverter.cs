using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>
/// Reads equal short texts as one string: thousands of objects of a kind say the same words, and caches hold them all. Keys of dictionaries too. Thread safe.
/// </summary>
/// <remarks>
/// What is known are two tables of fixed size, whose lengths are powers of two, in which a newer text takes the place of an older one with the same hash, so hostile texts cost no more memory than
/// others. Only ASCII up to <see cref="LongestBytes"/> is looked up; the rest is read as ever.
/// </remarks>
public sealed class InternedStringConverter : JsonConverter<string>
{
    /// <summary>Names, hashes, words. At most 7 MiB, where all are as long as that.</summary>
    private const int ShortBytes = 96;

    /// <summary>Sentences: messages of conditions. At most 1 MiB.</summary>
    private const int LongestBytes = 256;

    private static readonly string?[] Short = new string?[1 << 15];
    private static readonly string?[] Long = new string?[1 << 11];

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Text(ref reader);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Text(ref reader)!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

    /// <summary>The text, or null, that the reader is at.</summary>
    internal static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || reader.HasValueSequence || reader.ValueIsEscaped)
            return reader.GetString();
        return Text(reader.ValueSpan);
    }

    /// <param name="utf8">Valid UTF-8.</param>
    internal static string Text(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > LongestBytes)
            return Encoding.UTF8.GetString(utf8);
        var hash = default(HashCode);
        hash.AddBytes(utf8);
        var known = utf8.Length > ShortBytes ? Long : Short;
        ref var slot = ref known[hash.ToHashCode() & (known.Length - 1)];
        // Two threads may write a slot at once; each has a right text in hand.
        if (slot is { } text && Ascii.Equals(utf8, text))
            return text;
        return slot = Encoding.UTF8.GetString(utf8);
    }
}
