using System.CommandLine;
using System.Text;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>docs/kubectl-llm.md ends with a reference that is written from the commands as they are. <c>LLMOPS_UPDATE_GOLDEN=1</c> writes it anew.</summary>
public sealed class ReferenceTests
{
    private const string Begin = "<!-- Written from the commands by tests/Cli.Tests. Do not edit below. -->\n";

    [Fact]
    public void The_reference_is_that_of_the_commands()
    {
        var path = Path.Combine(Repository.Root, "docs", "kubectl-llm.md");
        var page = File.ReadAllText(path);
        var start = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        Assert.True(start >= Begin.Length, "the page says where the reference begins");
        var expected = Reference(CommandLine.Create(new() { Output = TextWriter.Null, Error = TextWriter.Null, Environment = _ => null, Time = TimeProvider.System }));
        if (Environment.GetEnvironmentVariable("LLMOPS_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, page = page[..start] + expected);
        Assert.Equal(expected, page[start..]);
    }

    [Fact]
    public void Every_exit_code_is_documented()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "kubectl-llm.md"));
        Assert.All(typeof(ExitCodes).GetFields(), code => Assert.Contains($"\n| {code.GetRawConstantValue()} | ", page, StringComparison.Ordinal));
    }

    private static string Reference(RootCommand root)
    {
        var text = new StringBuilder();
        foreach (var command in root.Subcommands)
        {
            text.Append($"\n### {command.Name}\n\n`{Usage(command)}`: {Sentence(command.Description)}\n");
            if (command.Arguments.Count + command.Options.Count > 0)
                text.Append("\n| | |\n|---|---|\n");
            foreach (var argument in command.Arguments)
                text.Append($"| `{argument.Name}` | {argument.Description} |\n");
            foreach (var option in command.Options)
                text.Append(Row(option));
        }

        text.Append("\n### Options of every command\n\n| | |\n|---|---|\n");
        foreach (var option in root.Options.Where(o => o.Recursive && o is not System.CommandLine.Help.HelpOption))
            text.Append(Row(option));
        return text.ToString();
    }

    private static string Usage(Command command) =>
        string.Join(' ', ["kubectl llm", command.Name, .. command.Arguments.Select(a => a.Arity.MinimumNumberOfValues == 0 ? $"[{a.Name.ToUpperInvariant()}]" : a.Name.ToUpperInvariant())]);

    private static string Row(Option option) =>
        $"| {string.Join(", ", new[] { option.Name }.Concat(option.Aliases).Select(n => $"`{n}{(option.ValueType == typeof(bool) ? string.Empty : $" {option.HelpName}")}`"))} | {option.Description?.Replace("|", "\\|", StringComparison.Ordinal)} |\n";

    private static string Sentence(string? text) => $"{char.ToLowerInvariant(text![0])}{text[1..].TrimEnd('.')}.";
}
