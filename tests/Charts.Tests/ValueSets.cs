using LlmOps.LocalCluster;

namespace LlmOps.Charts.Tests;

/// <summary>The values that the chart is tried with: <c>Golden/NAME.values.yaml</c>, each with what it renders to beside it.</summary>
internal static class ValueSets
{
    private const string Suffix = ".values.yaml";

    public static string Folder { get; } = Path.Combine(Workspace.Repository, "tests", "Charts.Tests", "Golden");

    /// <summary>Names, for theories.</summary>
    public static IEnumerable<object[]> All => Directory.EnumerateFiles(Folder, $"*{Suffix}").Order(StringComparer.Ordinal).Select(file => new object[] { Path.GetFileName(file)[..^Suffix.Length] });

    public static string Read(string name) => File.ReadAllText(Path.Combine(Folder, name + Suffix));
}
