using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>A length of time as Go and Kubernetes write it: numbers with units <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c>, such as <c>1h30m</c>. Whole milliseconds, up to 10 years: what is longer counts as that.</summary>
[JsonConverter(typeof(DurationConverter))]
[TextPattern("^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$", Message = "write a duration such as 90s, 20m or 1h30m")]
[Size(Min = 2, Max = 64)]
public readonly record struct Duration(TimeSpan Value)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    private static readonly System.Buffers.SearchValues<char> NumberCharacters = System.Buffers.SearchValues.Create("0123456789.");

    public static implicit operator TimeSpan(Duration duration) => duration.Value;

    public static implicit operator Duration(TimeSpan value) => new(value);

    /// <summary>Reads the text form; false where it is not one.</summary>
    public static bool TryParse(string? text, out Duration duration)
    {
        duration = default;
        if (string.IsNullOrEmpty(text) || text.Length > 64)
            return false;
        double total = 0;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(NumberCharacters);
            if (digits <= 0 || rest[0] == '.' || rest[digits - 1] == '.' || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return false;
            rest = rest[digits..];
            var unit = rest.StartsWith("ms") ? ("ms", 1d) : rest[0] switch
            {
                's' => ("s", 1_000d),
                'm' => ("m", 60_000d),
                'h' => ("h", 3_600_000d),
                _ => (string.Empty, 0d),
            };
            if (unit.Item2 == 0)
                return false;
            total += number * unit.Item2;
            rest = rest[unit.Item1.Length..];
        }

        duration = total < Longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(Math.Round(total)) : Longest;
        return true;
    }

    /// <summary>The shortest exact text form.</summary>
    public override string ToString()
    {
        var rest = Value;
        if (rest == TimeSpan.Zero)
            return "0s";
        var text = string.Empty;
        if ((long)rest.TotalHours is var hours and > 0)
            text += $"{hours}h";
        if (rest.Minutes > 0)
            text += $"{rest.Minutes}m";
        if (rest.Seconds > 0)
            text += $"{rest.Seconds}s";
        if (rest.Milliseconds > 0)
            text += $"{rest.Milliseconds}ms";
        return text;
    }
}

internal sealed class DurationConverter : JsonConverter<Duration>
{
    public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Duration.TryParse(reader.GetString(), out var duration) ? duration : throw new JsonException("not a duration such as 90s or 1h30m");

    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
