using System.CommandLine;

namespace LlmOps.Cli.Completion;

/// <summary>
/// The protocol between shells, kubectl and a plugin: the words so far are asked for with <c>__complete</c>, one candidate a line comes back, and last a directive.
/// </summary>
/// <remarks>https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/#shell-completion-for-kubectl-plugins</remarks>
internal static class Completer
{
    public const string Word = "__complete";

    /// <summary>Cobra's ShellCompDirectiveNoFileComp: do not fall back to names of files.</summary>
    private const string NoFiles = ":4";

    /// <summary>Cobra's ShellCompDirectiveDefault: names of files are offered where nothing else is.</summary>
    private const string Files = ":0";

    /// <summary>What the value of an option is called that is a file.</summary>
    private const string FileOption = "file";

    /// <param name="root">The commands.</param>
    /// <param name="words">The words typed so far, the last of them unfinished or empty.</param>
    /// <param name="output">Where to write.</param>
    public static void Write(RootCommand root, IReadOnlyList<string> words, TextWriter output)
    {
        var line = string.Join(' ', words.Select(Quote));
        var parsed = root.Parse(line);
        foreach (var item in parsed.GetCompletions(line.Length).DistinctBy(i => i.Label).Where(i => !i.Label.StartsWith('/') && i.Label is not "-?"))
            output.WriteLine(item.Detail is { Length: > 0 } detail ? $"{item.Label}\t{detail.ReplaceLineEndings(" ")}" : item.Label);
        output.WriteLine(TakesFiles(parsed, words is [.., var before, _] ? before : string.Empty) ? Files : NoFiles);
    }

    private static string Quote(string word) => word.Contains(' ', StringComparison.Ordinal) ? $"\"{word}\"" : word;

    private static bool TakesFiles(ParseResult parsed, string before)
    {
        var command = parsed.CommandResult.Command;
        return parsed.RootCommandResult.Command.Options.Concat(command.Options).FirstOrDefault(o => o.Name == before || o.Aliases.Contains(before)) is { } option && option.ValueType != typeof(bool)
            ? option.HelpName == FileOption
            : command.Arguments.Any(a => a.ValueType == typeof(FileSystemInfo[]));
    }
}
