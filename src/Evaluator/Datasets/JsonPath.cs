using System.Globalization;
using System.Text.Json;

namespace LlmOps.Evaluator.Datasets;

/// <summary>Dotted paths such as <c>expected.text</c> or <c>answers.0</c>; a leading <c>$.</c> is allowed.</summary>
internal static class JsonPath
{
    public static JsonElement? Find(JsonElement root, string path)
    {
        var current = root;
        foreach (var name in (path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path).Split('.'))
        {
            if (current.ValueKind == JsonValueKind.Object && current.TryGetProperty(name, out var child))
                current = child;
            else if (current.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < current.GetArrayLength())
                current = current[index];
            else
                return null;
        }

        return current.ValueKind == JsonValueKind.Null ? null : current;
    }
}
