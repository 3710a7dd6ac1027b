using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>What differs between two releases, for people.</summary>
public static class ReleaseChanges
{
    /// <summary>Most lines; the last one then counts the rest.</summary>
    public const int MostLines = 32;

    private const int MostCharacters = 80;

    /// <summary>One line for each field that differs, such as <c>model.revision: v1 → v2</c>, in order of the fields. Texts are cut to 80 characters.</summary>
    public static IReadOnlyList<string> Describe(ReleaseSnapshot old, ReleaseSnapshot @new)
    {
        var lines = new List<string>();
        Compare(lines, string.Empty, JsonSerializer.SerializeToElement(old, ApiJson.Default.ReleaseSnapshot), JsonSerializer.SerializeToElement(@new, ApiJson.Default.ReleaseSnapshot));
        // The hash tells something only where the name stays the same.
        if (old.Prompt?.Name != @new.Prompt?.Name)
            lines.RemoveAll(l => l.StartsWith("promptContentHash", StringComparison.Ordinal));
        return lines.Count <= MostLines ? lines : [.. lines.Take(MostLines - 1), $"… and {lines.Count - MostLines + 1} more"];
    }

    private static void Compare(List<string> lines, string path, JsonElement? old, JsonElement? @new)
    {
        if (old is { ValueKind: JsonValueKind.Object } || @new is { ValueKind: JsonValueKind.Object })
        {
            foreach (var name in Members(old).Union(Members(@new), StringComparer.Ordinal))
                Compare(lines, path.Length == 0 ? name : $"{path}.{name}", Member(old, name), Member(@new, name));
        }
        else if (Keyed(old) is { } oldItems && Keyed(@new) is { } newItems && (oldItems.Count > 0 || newItems.Count > 0))
        {
            foreach (var name in oldItems.Keys.Union(newItems.Keys, StringComparer.Ordinal))
                Compare(lines, $"{path}[{name}]", Item(oldItems, name), Item(newItems, name));
        }
        else if (Text(old) is var before && Text(@new) is var after && before != after)
        {
            lines.Add($"{path}: {Excerpt.Of(before, MostCharacters)} → {Excerpt.Of(after, MostCharacters)}");
        }
    }

    private static IEnumerable<string> Members(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Object } o ? o.EnumerateObject().Select(m => m.Name) : [];

    private static JsonElement? Member(JsonElement? value, string name) =>
        value is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty(name, out var member) ? member : null;

    /// <summary>Items by their <c>name</c>, the rest of the item as value; null where they have none.</summary>
    private static Dictionary<string, JsonElement>? Keyed(JsonElement? value)
    {
        if (value is null)
            return [];
        if (value is not { ValueKind: JsonValueKind.Array } array)
            return null;
        var items = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("name", out var name) || name.GetString() is not { } key || !items.TryAdd(key, item))
                return null;
        }

        return items;
    }

    private static JsonElement? Item(Dictionary<string, JsonElement> items, string name) => items.TryGetValue(name, out var item) ? item : null;

    private static string Text(JsonElement? value) => value switch
    {
        null => "none",
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { } other => other.GetRawText(),
    };
}
