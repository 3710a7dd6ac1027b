using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>A share written in per cent, such as <c>1%</c> or <c>0.5%</c>.</summary>
/// <param name="Fraction">The share as a fraction of one, 0 to 1.</param>
[JsonConverter(typeof(PercentageConverter))]
[TextPattern("^(100|[0-9]{1,2}(\\.[0-9]{1,4})?)%$", Message = "write a percentage such as 1% or 0.5%, at most 100%")]
[Size(Min = 2, Max = 8)]
public readonly record struct Percentage(double Fraction)
{
    /// <summary>Reads the text form; false where it is not one.</summary>
    public static bool TryParse(string? text, out Percentage percentage)
    {
        percentage = default;
        if (text is not [.. var number, '%'] ||
            !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value is not (>= 0 and <= 100))
            return false;
        percentage = new(value / 100);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Fraction * 100:0.####}%");
}

internal sealed class PercentageConverter : JsonConverter<Percentage>
{
    public override Percentage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Percentage.TryParse(reader.GetString(), out var percentage) ? percentage : throw new JsonException("not a percentage such as 1%");

    public override void Write(Utf8JsonWriter writer, Percentage value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
