using System.Text.RegularExpressions;
using LlmOps.Testing.ApiServer.Http;

namespace LlmOps.Testing.ApiServer.Storage;

/// <summary>Label and field selectors in their text form. See https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/</summary>
internal static partial class Selectors
{
    public static Func<StoredObject, bool> Parse(string? labelSelector, string? fieldSelector)
    {
        var parts = Labels(labelSelector).Concat(Fields(fieldSelector)).ToList();
        return parts.Count == 0 ? static _ => true : stored => parts.TrueForAll(p => p(stored));
    }

    private static IEnumerable<Func<StoredObject, bool>> Labels(string? selector)
    {
        foreach (var requirement in Split(selector))
        {
            if (SetRequirement().Match(requirement) is { Success: true } set)
            {
                var values = set.Groups["values"].Value.Split(',', StringSplitOptions.TrimEntries).ToHashSet();
                var (key, inside) = (set.Groups["key"].Value, set.Groups["op"].Value == "in");
                yield return inside
                    ? o => o.Labels.TryGetValue(key, out var value) && values.Contains(value)
                    : o => !o.Labels.TryGetValue(key, out var value) || !values.Contains(value);
            }
            else if (Equality().Match(requirement) is { Success: true } equality)
            {
                var (key, value, not) = (equality.Groups["key"].Value, equality.Groups["value"].Value, equality.Groups["op"].Value == "!=");
                yield return o => o.Labels.TryGetValue(key, out var found) ? (found == value) != not : not;
            }
            else if (Existence().Match(requirement) is { Success: true } existence)
            {
                var (key, not) = (existence.Groups["key"].Value, existence.Groups["not"].Success);
                yield return o => o.Labels.ContainsKey(key) != not;
            }
            else
            {
                throw StatusError.BadRequest($"unable to parse requirement: {requirement}");
            }
        }
    }

    private static IEnumerable<Func<StoredObject, bool>> Fields(string? selector)
    {
        foreach (var requirement in Split(selector))
        {
            if (Equality().Match(requirement) is not { Success: true } match)
                throw StatusError.BadRequest($"invalid field selector: {requirement}");
            var (field, value, not) = (match.Groups["key"].Value, match.Groups["value"].Value, match.Groups["op"].Value == "!=");
            if (!SelectableFields().IsMatch(field))
                throw StatusError.BadRequest($"field label not supported: {field}");
            yield return o => (((string?)o.Json.At(field) ?? string.Empty) == value) != not;
        }
    }

    /// <summary>Splits at commas that are not inside parentheses.</summary>
    private static IEnumerable<string> Split(string? selector) =>
        string.IsNullOrWhiteSpace(selector) ? [] : TopLevelComma().Split(selector).Select(static part => part.Trim());

    [GeneratedRegex(@",(?![^(]*\))")]
    private static partial Regex TopLevelComma();

    [GeneratedRegex(@"^(?<key>[\w./-]+)\s+(?<op>in|notin)\s+\((?<values>[^)]*)\)$")]
    private static partial Regex SetRequirement();

    [GeneratedRegex(@"^(?<key>[\w./-]+)\s*(?<op>==|=|!=)\s*(?<value>[\w.:/-]*)$")]
    private static partial Regex Equality();

    [GeneratedRegex(@"^(?<not>!)?\s*(?<key>[\w./-]+)$")]
    private static partial Regex Existence();

    [GeneratedRegex(@"^(metadata\.(name|namespace)|spec\.(nodeName|restartPolicy|serviceAccountName|schedulerName)|status\.(phase|podIP)|type|reason|regarding\.\w+)$")]
    private static partial Regex SelectableFields();
}
