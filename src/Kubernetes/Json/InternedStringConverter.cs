using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>
/// Reads equal short texts as one string: thousands of objects of a kind say the same words, and caches hold them all. Keys of dictionaries too. Thread safe.
/// </summary>
/// <remarks>
/// What is known is a table of fixed size in which a newer text takes the place of an older one with the same hash, so hostile texts cost no more memory than
/// others. Only ASCII up to <see cref="LongestBytes"/> is looked up; the rest is read as ever.
/// </remarks>
public sealed class InternedStringConverter : JsonConverter<string>
{
    private const int LongestBytes = 96;

    /// <summary>A power of two.</summary>
    private const int Slots = 1 << 14;

    private static readonly string?[] Known = new string?[Slots];

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Text(ref reader);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Text(ref reader)!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length is 0 or > LongestBytes)
            return reader.GetString();
        var hash = default(HashCode);
        hash.AddBytes(reader.ValueSpan);
        ref var slot = ref Known[hash.ToHashCode() & (Slots - 1)];
        // Two threads may write a slot at once; each has a right text in hand.
        if (slot is { } known && Ascii.Equals(reader.ValueSpan, known))
            return known;
        return slot = reader.GetString()!;
    }
}
