using System.Text;
using Spectre.Console;

namespace LlmOps.Cli;

/// <summary>What the process is connected to: streams, terminal, environment, clock.</summary>
internal sealed record Host
{
    /// <summary>Columns where the output is no terminal: nothing is wrapped or cut that another program reads.</summary>
    private const int Unlimited = 10_000;

    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Columns of the terminal; null where the output is a pipe or a file.</summary>
    public int? Columns { get; init; }

    public required Func<string, string?> Environment { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Whether to write plain text: no colours, no lines but ASCII, nothing redrawn. https://no-color.org</summary>
    public bool IsPlain => Columns is null || !string.IsNullOrEmpty(Environment("NO_COLOR")) || Environment("TERM") is "dumb";

    /// <summary>The process's own.</summary>
    public static Host OfProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Input = Console.In,
        Columns = Console.IsOutputRedirected ? null : Math.Max(40, Console.WindowWidth),
        Environment = System.Environment.GetEnvironmentVariable,
        Time = TimeProvider.System,
    };

    /// <summary>A console that writes to <see cref="Output"/> as this host can show it.</summary>
    public IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsPlain ? AnsiSupport.No : AnsiSupport.Yes,
            ColorSystem = IsPlain ? ColorSystemSupport.NoColors : ColorSystemSupport.Standard,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(Output),
        });
        console.Profile.Width = Columns ?? Unlimited;
        console.Profile.Capabilities.Unicode = !IsPlain && Console.OutputEncoding is UTF8Encoding;
        return console;
    }
}
