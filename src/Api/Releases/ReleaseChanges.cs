using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>What differs between two releases, for people.</summary>
public static class ReleaseChanges
{
    /// <summary>Most lines; the last one then counts the rest.</summary>
    public const int MostLines = 32;

    private const int MostCharacters = 80;

    /// <summary>
    /// One line for each field that differs, such as <c>model.revision: v1 → v2</c>, in order of the fields. Texts are cut to 80 characters; what is likely to be a secret
    /// is <see cref="LikelySecrets.Hidden">not shown</see>.
    /// </summary>
    public static IReadOnlyList<string> Describe(ReleaseSnapshot old, ReleaseSnapshot @new)
    {
        var lines = new List<string>();
        Compare(lines, string.Empty, Value.Of(old), Value.Of(@new));
        // The hash tells something only where the name stays the same.
        if (old.Prompt?.Name != @new.Prompt?.Name)
            lines.RemoveAll(l => l.StartsWith("promptContentHash", StringComparison.Ordinal));
        return lines.Count <= MostLines ? lines : [.. lines.Take(MostLines - 1), $"… and {lines.Count - MostLines + 1} more"];
    }

    private static void Compare(List<string> lines, string path, Value? old, Value? @new)
    {
        if (old is { Kind: JsonValueKind.Object } || @new is { Kind: JsonValueKind.Object })
        {
            foreach (var name in Members(old).Union(Members(@new), StringComparer.Ordinal))
                Compare(lines, path.Length == 0 ? name : $"{path}.{name}", old?.Member(name), @new?.Member(name));
        }
        else if (Keyed(old) is { } oldItems && Keyed(@new) is { } newItems && (oldItems.Count > 0 || newItems.Count > 0))
        {
            foreach (var name in oldItems.Keys.Union(newItems.Keys, StringComparer.Ordinal))
                Compare(lines, $"{path}[{name}]", oldItems.GetValueOrDefault(name), newItems.GetValueOrDefault(name));
        }
        else if (Text(old?.Real) != Text(@new?.Real))
        {
            lines.Add($"{path}: {Excerpt.Of(Text(old?.Shown), MostCharacters)} → {Excerpt.Of(Text(@new?.Shown), MostCharacters)}");
        }
    }

    private static IEnumerable<string> Members(Value? value) =>
        value is { Kind: JsonValueKind.Object } ? value.Real.EnumerateObject().Select(m => m.Name) : [];

    /// <summary>Items by their <c>name</c>, the rest of the item as value; null where they have none.</summary>
    private static Dictionary<string, Value>? Keyed(Value? value)
    {
        if (value is null)
            return [];
        if (value.Kind != JsonValueKind.Array)
            return null;
        var items = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach (var item in value.Items())
        {
            if (item.Member("name")?.Real.GetString() is not { } key || !items.TryAdd(key, item))
                return null;
        }

        return items;
    }

    private static string Text(JsonElement? value) => value switch
    {
        null => "none",
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { } other => other.GetRawText(),
    };

    /// <summary>What is compared, and what is told of it.</summary>
    private sealed record Value(JsonElement Real, JsonElement Shown)
    {
        public JsonValueKind Kind => Real.ValueKind;

        public static Value Of(ReleaseSnapshot snapshot) => new(
            JsonSerializer.SerializeToElement(snapshot, ApiJson.Default.ReleaseSnapshot), JsonSerializer.SerializeToElement(LikelySecrets.Hide(snapshot), ApiJson.Default.ReleaseSnapshot));

        public Value? Member(string name) => Kind == JsonValueKind.Object && Real.TryGetProperty(name, out var real) ? new(real, Shown.GetProperty(name)) : null;

        public IEnumerable<Value> Items() => Real.EnumerateArray().Zip(Shown.EnumerateArray(), (real, shown) => new Value(real, shown));
    }
}
