namespace LlmOps.LocalCluster.Nodes;

/// <summary>Label arithmetic.</summary>
internal static class Labels
{
    /// <summary>Whether every term of the selector is in the labels. An empty selector selects nothing, as in Services and workloads.</summary>
    public static bool Match(IReadOnlyDictionary<string, string>? selector, IReadOnlyDictionary<string, string>? labels) =>
        selector is { Count: > 0 } && selector.All(term => labels is not null && labels.TryGetValue(term.Key, out var value) && value == term.Value);

    /// <summary>The selector in text form.</summary>
    public static string ToText(IReadOnlyDictionary<string, string>? selector) =>
        string.Join(',', (selector ?? new Dictionary<string, string>()).Select(term => $"{term.Key}={term.Value}"));

    /// <summary>The labels with some more; the later ones win.</summary>
    public static Dictionary<string, string> With(this IReadOnlyDictionary<string, string>? labels, params (string Key, string Value)[] more)
    {
        var all = labels is null ? [] : new Dictionary<string, string>(labels);
        foreach (var (key, value) in more)
            all[key] = value;
        return all;
    }
}
