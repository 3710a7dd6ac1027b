using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>A number or a name, as in ports (<c>8000</c>, <c>http</c>) and budgets (<c>1</c>, <c>25%</c>).</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly record struct IntOrString
{
    private IntOrString(int? number, string? text) => (Number, Text) = (number, text);

    public int? Number { get; }

    public string? Text { get; }

    public static implicit operator IntOrString(int number) => new(number, null);

    public static implicit operator IntOrString(string text) => new(null, text);

    public override string ToString() => Text ?? Number.GetValueOrDefault().ToString(CultureInfo.InvariantCulture);
}

internal sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? reader.GetInt32() : InternedStringConverter.Text(ref reader) ?? string.Empty;

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Text is { } text)
            writer.WriteStringValue(text);
        else
            writer.WriteNumberValue(value.Number.GetValueOrDefault());
    }
}
