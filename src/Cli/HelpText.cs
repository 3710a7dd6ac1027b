using System.CommandLine;
using System.Text;

namespace LlmOps.Cli;

/// <summary>Help that calls the program as people do: <c>kubectl llm</c>, not by the name of its file.</summary>
internal sealed class HelpText(TextWriter target) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => target.Write(value);

    public override void Write(string? value) => target.Write(value?.Replace(RootCommand.ExecutableName, CommandLine.Program, StringComparison.Ordinal));

    public override void WriteLine(string? value)
    {
        Write(value);
        target.WriteLine();
    }

    public override void Flush() => target.Flush();
}
