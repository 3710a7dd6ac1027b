using System.Text.Json;
using LlmOps.Api;

namespace LlmOps.Evaluator.Datasets;

/// <summary>Reads one line.</summary>
internal static class CaseReader
{
    public static (EvalCase? Case, string? Problem) Read(ReadOnlyMemory<byte> line, DatasetSpec spec)
    {
        JsonElement body;
        try
        {
            using var document = JsonDocument.Parse(line);
            body = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            return (null, $"not JSON ({e.Message.Split(". Path", 2)[0]})");
        }

        if (body.ValueKind != JsonValueKind.Object)
            return (null, "not a JSON object");
        if (Text(body, "id") is not { Length: > 0 } id)
            return (null, "has no id");

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (body.TryGetProperty("vars", out var vars))
        {
            if (vars.ValueKind != JsonValueKind.Object)
                return (null, "vars is not an object");
            foreach (var variable in vars.EnumerateObject())
                variables[variable.Name] = AsText(variable.Value);
        }

        if (spec.Input is { } input)
        {
            if (JsonPath.Find(body, input) is not { } value)
                return (null, $"has nothing at {input} (spec.dataset.input)");
            variables[spec.InputVariable ?? DatasetDefaults.InputVariable] = AsText(value);
        }

        var messages = new List<(string, string)>();
        if (body.TryGetProperty("messages", out var list))
        {
            if (list.ValueKind != JsonValueKind.Array)
                return (null, "messages is not a list");
            foreach (var message in list.EnumerateArray())
            {
                if (message.ValueKind != JsonValueKind.Object || Text(message, "role") is not { } role || Text(message, "content") is not { } content)
                    return (null, "a message lacks role or content");
                messages.Add((role, content));
            }
        }

        return variables.Count == 0 && messages.Count == 0
            ? (null, "has neither vars nor messages, and spec.dataset.input is not set: there is nothing to ask")
            : (new EvalCase(id, variables, messages, body), null);
    }

    internal static string AsText(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? AsText(value) : null;
}

/// <summary>Defaults of <see cref="DatasetSpec"/> where the API server filled none in.</summary>
internal static class DatasetDefaults
{
    public const string InputVariable = "query";
}
