using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Compares what was printed with files in <c>Golden/</c>. <c>LLMOPS_UPDATE_GOLDEN=1</c> writes them anew; read the diff before committing it.</summary>
internal static class Golden
{
    /// <summary>The text must be what the file says. Spaces at the ends of lines, with which tables fill their last column, are not compared.</summary>
    public static void Equal(string file, string actual)
    {
        var path = Path.Combine(Repository.Root, "tests", "Cli.Tests", "Golden", file);
        var text = string.Join('\n', actual.ReplaceLineEndings("\n").Split('\n').Select(l => l.TrimEnd()));
        if (Environment.GetEnvironmentVariable("LLMOPS_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, text);
        Assert.True(File.Exists(path), $"{path} is missing: run the test once with LLMOPS_UPDATE_GOLDEN=1");
        Assert.Equal(File.ReadAllText(path), text);
    }
}
