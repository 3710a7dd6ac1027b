using System.Text.RegularExpressions;
using Xunit;

namespace LlmOps.Api.Tests;

public sealed partial class DocumentationTests
{
    public static TheoryData<string> Pages => new(new[] { "docs", "config" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories))
        .Concat(Directory.EnumerateFiles(Repository.Root, "*.md"))
        .Select(file => Path.GetRelativePath(Repository.Root, file))
        .Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Each_link_leads_somewhere(string page)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, page));
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        Assert.All(Links().Matches(text).Select(link => link.Groups[1].Value).Where(link => !link.Contains("://", StringComparison.Ordinal)), link =>
            Assert.True(Path.Exists(Path.Combine(folder, link)), $"{page} links to {link}, which is not there"));
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")]
    private static partial Regex Links();
}
