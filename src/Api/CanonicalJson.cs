using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Api;

/// <summary>
/// One byte sequence for every JSON value that means the same, so that it can be hashed: members sorted by their UTF-16 code
/// units, no white space, least escaping, and one spelling of each number (<c>1</c>, <c>1.0</c> and <c>1e0</c> are the same).
/// <para>As RFC 8785, with two differences: members that are null are left out (an absent field and a null one mean the same
/// to Kubernetes), and whole numbers beyond 2^53 keep their digits.</para>
/// </summary>
public static class CanonicalJson
{
    /// <summary>Deepest value that is hashed; an object of ours has 64 levels at most.</summary>
    private const int MostDepth = 128;

    /// <summary>The canonical form in UTF-8.</summary>
    public static byte[] Bytes(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <inheritdoc cref="Bytes(JsonElement)"/>
    public static byte[] Bytes(JsonNode? value)
    {
        if (value is null)
            return "null"u8.ToArray();
        using var document = JsonDocument.Parse(value.ToJsonString(), new JsonDocumentOptions { MaxDepth = MostDepth });
        return Bytes(document.RootElement);
    }

    /// <inheritdoc cref="Bytes(JsonElement)"/>
    public static byte[] Bytes<T>(T value, JsonTypeInfo<T> type) => Bytes(JsonSerializer.SerializeToElement(value, type));

    /// <summary>SHA-256 of the canonical form: 64 hexadecimal digits in lower case.</summary>
    public static string Hash(JsonElement value) => Hash(Bytes(value));

    /// <inheritdoc cref="Hash(JsonElement)"/>
    public static string Hash(JsonNode? value) => Hash(Bytes(value));

    /// <inheritdoc cref="Hash(JsonElement)"/>
    public static string Hash<T>(T value, JsonTypeInfo<T> type) => Hash(Bytes(value, type));

    /// <summary>Whether two values have the same canonical form. Cheap where they also have the same members in the same order, as what did not change has.</summary>
    public static bool AreEqual<T>(T one, T other, JsonTypeInfo<T> type) =>
        JsonSerializer.SerializeToUtf8Bytes(one, type).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other, type)) ||
        Bytes(one, type).AsSpan().SequenceEqual(Bytes(other, type));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(text, value);
                break;
            case JsonValueKind.Array:
                WriteArray(text, value);
                break;
            case JsonValueKind.String:
                WriteString(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                text.Append(Number(value));
                break;
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            case JsonValueKind.Null:
            case JsonValueKind.Undefined:
                text.Append("null");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value), value.ValueKind, "not a JSON value");
        }
    }

    private static void WriteObject(StringBuilder text, JsonElement value)
    {
        var separator = '{';
        foreach (var member in value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null).OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            text.Append(separator);
            WriteString(text, member.Name);
            text.Append(':');
            Write(text, member.Value);
            separator = ',';
        }

        text.Append(separator == '{' ? "{}" : "}");
    }

    private static void WriteArray(StringBuilder text, JsonElement value)
    {
        var separator = '[';
        foreach (var item in value.EnumerateArray())
        {
            text.Append(separator);
            Write(text, item);
            separator = ',';
        }

        text.Append(separator == '[' ? "[]" : "]");
    }

    // Not Utf8JsonWriter: which characters its encoders escape depends on the Unicode tables of the runtime's version.
    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    /// <summary>ECMAScript's <c>Number.prototype.toString</c>, as RFC 8785 asks for.</summary>
    private static string Number(JsonElement value)
    {
        if (value.TryGetInt64(out var whole))
            return whole.ToString(CultureInfo.InvariantCulture);
        var number = value.GetDouble();
        if (number == Math.Truncate(number) && Math.Abs(number) < 1e21)
            return number == 0 ? "0" : number.ToString("F0", CultureInfo.InvariantCulture);
        var magnitude = Math.Abs(number);
        if (magnitude is >= 1e-6 and < 1e-4)
        {
            // .NET goes to exponents below 1e-4, ECMAScript below 1e-6.
            var digits = number.ToString("R", CultureInfo.InvariantCulture).Split('E');
            var significant = digits[0].Replace(".", string.Empty, StringComparison.Ordinal).TrimStart('-');
            var zeros = -int.Parse(digits[1], CultureInfo.InvariantCulture) - 1;
            return $"{(number < 0 ? "-" : string.Empty)}0.{new string('0', zeros)}{significant}";
        }

        var text = number.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);
        var exponent = text.IndexOf('e', StringComparison.Ordinal);
        // 1e-07 is written 1e-7.
        return exponent < 0 ? text : text[..(exponent + 2)] + text[(exponent + 2)..].TrimStart('0');
    }
}
