using System.Text;
using System.Text.Json;
using LlmOps.Gateway.Errors;

namespace LlmOps.Gateway.Prompts;

/// <summary>Reads <c>prompt.variables</c> of a chat completion: each value as text; null is as if it were not given.</summary>
internal static class PromptVariables
{
    private static readonly Dictionary<string, string> None = [];

    public static OpenAiError? TryRead(RequestEnvelope envelope, out IReadOnlyDictionary<string, string> values)
    {
        values = None;
        if (envelope.PromptObject is not { } prompt)
            return null;
        var reader = new Utf8JsonReader(envelope.Slice(prompt));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVariables = reader.ValueTextEquals("variables"u8);
            reader.Read();
            if (!isVariables || reader.TokenType == JsonTokenType.Null)
            {
                reader.Skip();
                continue;
            }

            if (reader.TokenType != JsonTokenType.StartObject)
                return GatewayErrors.WrongField("prompt.variables", "must be an object");
            var read = new Dictionary<string, string>(StringComparer.Ordinal);
            if (ReadValues(ref reader, read) is { } error)
                return error;
            values = read;
        }

        return null;
    }

    private static OpenAiError? ReadValues(ref Utf8JsonReader reader, Dictionary<string, string> values)
    {
        var name = string.Empty;
        try
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                name = reader.GetString()!;
                reader.Read();
                switch (reader.TokenType)
                {
                    case JsonTokenType.String:
                        values[name] = reader.GetString()!;
                        break;
                    case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                        values[name] = Encoding.UTF8.GetString(reader.ValueSpan);
                        break;
                    case JsonTokenType.Null:
                        break;
                    default:
                        return GatewayErrors.BadVariable(name, $"variable '{name}' must be a string, a number or a boolean", "invalid_variable");
                }
            }
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader's answer to text that is not UTF-8 or half a surrogate pair.
            return GatewayErrors.BadVariable(name, $"variable '{name}' is not Unicode text", "invalid_variable");
        }

        return null;
    }
}
