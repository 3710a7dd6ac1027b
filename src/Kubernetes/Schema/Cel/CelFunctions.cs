using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlmOps.Kubernetes.Schema.Cel;

/// <summary>The functions that our rules call: CEL's own and Kubernetes' libraries. A rule that needs another one adds a line here; without it nothing that it guards is linted.</summary>
/// <remarks>https://kubernetes.io/docs/reference/using-api/cel/</remarks>
internal static partial class CelFunctions
{
    /// <summary>Guards against a regular expression that runs away; RE2 of the server cannot.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <param name="name">The function.</param>
    /// <param name="values">The value that it is called on, if any, and then its arguments.</param>
    public static object? Call(string name, IReadOnlyList<object?> values) => (name, values) switch
    {
        // Code points, as CEL counts; runes are those.
        ("size", [string text]) => (long)text.EnumerateRunes().Count(),
        ("size", [IReadOnlyList<object?> list]) => (long)list.Count,
        ("size", [JsonObject map]) => (long)map.Count,
        ("matches", [string text, string pattern]) => Regex.IsMatch(text, Re2(pattern), RegexOptions.CultureInvariant, Limit),
        ("startsWith", [string text, string part]) => text.StartsWith(part, StringComparison.Ordinal),
        ("endsWith", [string text, string part]) => text.EndsWith(part, StringComparison.Ordinal),
        ("contains", [string text, string part]) => text.Contains(part, StringComparison.Ordinal),
        ("split", [string text, string separator]) => text.Split(separator).Select(p => (object?)p).ToList(),
        ("isSorted", [IReadOnlyList<object?> list]) => list.Zip(list.Skip(1)).All(p => CelOperators.Compare(p.First, p.Second) <= 0),
        ("duration", [string text]) => Duration(text),
        _ => throw new CelException($"no such overload: {name}"),
    };

    /// <summary>RE2's <c>$</c> is the end of the text; .NET's is also before a last line feed.</summary>
    private static string Re2(string pattern) => pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal) ? pattern[..^1] + "\\z" : pattern;

    /// <summary>As Go's time.ParseDuration.</summary>
    private static TimeSpan Duration(string text)
    {
        var match = GoDuration().Match(text);
        if (!match.Success)
            throw new CelException($"\"{text}\" is no duration");
        var sign = match.Groups["sign"].Value == "-" ? -1 : 1;
        var seconds = match.Groups["part"].Captures.Sum(part => Number(part.Value) * Unit(part.Value));
        return TimeSpan.FromSeconds(sign * seconds);
    }

    private static double Number(string part) => double.Parse(part.AsSpan().TrimEnd("nuµmsh"), CultureInfo.InvariantCulture);

    private static double Unit(string part) => part.TrimStart("0123456789.".ToCharArray()) switch
    {
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        "ms" => 1e-3,
        "us" or "µs" => 1e-6,
        _ => 1e-9,
    };

    [GeneratedRegex(@"^(?<sign>[-+]?)(?<part>[0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+\z|^0\z", RegexOptions.CultureInvariant)]
    private static partial Regex GoDuration();
}
