using System.Text.RegularExpressions;

namespace LlmOps.Cli.Explain;

/// <summary>What each reason says and what to do about it: docs/reasons.md, which is built in, so that it is written once.</summary>
internal static partial class ReasonBook
{
    private static readonly Lazy<IReadOnlyDictionary<string, ReasonEntry>> Entries = new(Read);

    /// <summary>The entry of a reason; null for a word that a newer operator says.</summary>
    public static ReasonEntry? Find(string? reason) => reason is null ? null : Entries.Value.GetValueOrDefault(reason);

    private static Dictionary<string, ReasonEntry> Read()
    {
        using var reader = new StreamReader(typeof(ReasonBook).Assembly.GetManifestResourceStream("reasons.md")!);
        var entries = new Dictionary<string, ReasonEntry>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (Row().Match(line) is { Success: true } row)
                entries[row.Groups["reason"].Value] = new(Text(row.Groups["says"]), Text(row.Groups["todo"]));
        }

        return entries;
    }

    private static string Text(Group cell) => Link().Replace(cell.Value.Trim(), "docs/$2").Replace("`", string.Empty, StringComparison.Ordinal);

    [GeneratedRegex(@"^\| `(?<reason>[A-Za-z]+)` \|(?<says>[^|]*)\|(?<todo>[^|]*)\|")]
    private static partial Regex Row();

    [GeneratedRegex(@"\[([^\]]*)\]\(([^)]*)\)")]
    private static partial Regex Link();
}

/// <summary>A row of docs/reasons.md.</summary>
/// <param name="Says">What the reason says.</param>
/// <param name="ToDo">What to do; empty where there is nothing to do.</param>
internal sealed record ReasonEntry(string Says, string ToDo);
