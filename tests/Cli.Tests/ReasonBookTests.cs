using System.Reflection;
using System.Text.RegularExpressions;
using LlmOps.Api;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>docs/reasons.md, by which people and <c>kubectl llm explain</c> find out what to do.</summary>
public sealed partial class ReasonBookTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "reasons.md"));

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_condition_says_what_it_means_and_what_to_do(string type)
    {
        var rows = Rows(Section($"### {type}\n"));
        Assert.All(rows, row => Assert.True(row.Length == 4 && row.All(cell => cell.Length > 0), $"{type}: {string.Join(" | ", row)}"));
        Assert.Subset(new HashSet<string> { "True", "False", "Unknown" }, rows.Select(row => row[1]).ToHashSet());
        Assert.All(rows.GroupBy(row => row[0]), kind => Assert.Superset(new HashSet<string> { "True", "False" }, kind.Select(row => row[1]).ToHashSet()));
        if (type is ConditionTypes.GatePassed or ConditionTypes.MetricsAvailable or ConditionTypes.CapacityAvailable)
            Assert.Contains(rows, row => row[1] == "Unknown");
    }

    [Fact]
    public void The_kinds_that_have_conditions_are_those_of_the_page()
    {
        var kinds = typeof(ConditionTypes).Assembly.GetTypes().Where(t => t.GetProperty("Conditions") is not null).Select(t => t.Name.Replace("Status", string.Empty, StringComparison.Ordinal));
        Assert.Equal(kinds.Order(StringComparer.Ordinal), Rows(Section("### Ready\n")).Select(row => row[0]).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("## A rollout fails\n")]
    [InlineData("## Something a person must mend\n")]
    public void What_goes_wrong_has_an_advice(string heading)
    {
        var rows = Rows(Section(heading));
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.True(row[2].Length > 0, $"{row[0]} has no advice"));
    }

    [Fact]
    public void What_the_rollout_engine_warns_of_has_an_advice()
    {
        var warned = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", "Rollouts"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Warning().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)).Distinct().ToList();
        Assert.Contains("AwaitingDecision", warned);
        Assert.All(warned, reason => Assert.Contains(Rows(Page), row => row[0] == $"`{reason}`" && row[2].Length > 0));
    }

    public static TheoryData<string> Types => [.. typeof(ConditionTypes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(type => (string)type.GetRawConstantValue()!)];

    /// <summary>What stands between a heading and the next one.</summary>
    private static string Section(string heading)
    {
        var begin = Page.IndexOf($"\n{heading}", StringComparison.Ordinal);
        Assert.True(begin >= 0, $"the page has no {heading.Trim()}");
        var text = Page[(begin + heading.Length + 1)..];
        return text.IndexOf("\n#", StringComparison.Ordinal) is var end and >= 0 ? text[..end] : text;
    }

    /// <summary>Cells of tables without their heads.</summary>
    private static List<string[]> Rows(string text) =>
        [.. text.Split('\n').Where(l => l.StartsWith('|') && !l.StartsWith("|---", StringComparison.Ordinal) && !l.StartsWith("| of ", StringComparison.Ordinal) && !l.StartsWith("| reason ", StringComparison.Ordinal)).Select(l => l.Trim('|').Split('|').Select(c => c.Trim()).ToArray())];

    [GeneratedRegex(@"\.Warn\(RolloutReasons\.([A-Za-z]+)")]
    private static partial Regex Warning();
}
