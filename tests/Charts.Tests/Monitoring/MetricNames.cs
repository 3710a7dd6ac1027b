using System.Text.RegularExpressions;
using LlmOps.LocalCluster;

namespace LlmOps.Charts.Tests.Monitoring;

/// <summary>Metrics that a PromQL expression asks for, and those that there are: the page of the documentation, which is held to the code.</summary>
internal static partial class MetricNames
{
    public static IReadOnlySet<string> Documented { get; } = Rows().Matches(File.ReadAllText(Path.Combine(Workspace.Repository, "docs", "metrics.md")))
        .SelectMany(row => row.Groups["type"].Value == "histogram" ? new[] { "_bucket", "_sum", "_count" }.Select(part => row.Groups["name"].Value + part) : [row.Groups["name"].Value])
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Names that no metric has.</summary>
    public static IReadOnlyList<string> Unknown(string promql) => [.. Asked().Matches(Texts().Replace(promql, "\"\"")).Select(match => match.Value).Where(name => name is not ("group_left" or "group_right") && !Documented.Contains(name)).Distinct()];

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| (?<type>[a-z]+) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Rows();

    /// <summary>Only metrics have an underscore in their names, but for functions, which an opening parenthesis follows.</summary>
    [GeneratedRegex(@"(?<![a-z_$])[a-z]+(_[a-z]+)+\b(?!\s*\()")]
    private static partial Regex Asked();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Texts();
}
