using System.Text.Json;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>JSON pointers (RFC 6901), which System.Text.Json has none of. Pure.</summary>
internal static class JsonPointer
{
    /// <summary>What a pointer leads to; null where it leads nowhere.</summary>
    /// <exception cref="InvalidOperationException">A name in the document is no text.</exception>
    public static JsonElement? Find(JsonElement document, string pointer)
    {
        if (pointer.Length == 0)
            return document;
        if (pointer[0] != '/')
            return null;
        var at = document;
        foreach (var token in pointer[1..].Split('/'))
        {
            if (Step(at, token) is not { } next)
                return null;
            at = next;
        }

        return at;
    }

    private static JsonElement? Step(JsonElement at, string token) => at.ValueKind switch
    {
        // In this order, or ~01 would be read as a slash.
        JsonValueKind.Object when at.TryGetProperty(token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), out var member) => member,
        JsonValueKind.Array when Index(token) is { } index && index < at.GetArrayLength() => at[index],
        _ => null,
    };

    /// <summary>An index is written without zeros in front.</summary>
    private static int? Index(string token) =>
        token.Length is > 0 and < 10 && token.All(char.IsAsciiDigit) && (token.Length == 1 || token[0] != '0') ? int.Parse(token, System.Globalization.CultureInfo.InvariantCulture) : null;
}
