using System.CommandLine;
using System.CommandLine.Invocation;
using LlmOps.Cli.Actions;
using LlmOps.Cli.Completion;
using LlmOps.Cli.Dashboard;
using LlmOps.Cli.Diff;
using LlmOps.Cli.Eval;
using LlmOps.Cli.Explain;
using LlmOps.Cli.History;
using LlmOps.Cli.Lint;
using LlmOps.Cli.Status;

namespace LlmOps.Cli;

/// <summary>The tree of commands.</summary>
internal static class CommandLine
{
    /// <summary>Builds it. A new command is one line here.</summary>
    public static RootCommand Create(Host host)
    {
        var shell = new Shell(host, new GlobalOptions());
        var root = new RootCommand("Looks at rollouts of LlmDeployments and acts on them, with your kubeconfig and your rights.")
        {
            StatusCommand.Create(shell),
            ExplainCommand.Create(shell),
            HistoryCommand.Create(shell),
            DiffCommand.Create(shell),
            LintCommand.Create(shell),
            EvalCommand.Create(shell),
        };
        foreach (var action in ActionCommands.Create(shell))
            root.Add(action);
        root.Add(DashboardCommand.Create(shell));
        root.Add(CompletionCommand.Create(shell));
        shell.Options.Namespace.CompletionSources.Add(context => ClusterNames.Namespaces(shell, context));
        shell.Options.Context.CompletionSources.Add(context => ClusterNames.Contexts(shell, context));
        foreach (var option in shell.Options.All)
            root.Add(option);
        return root;
    }

    /// <summary>Runs one command line; the exit code is one of <see cref="ExitCodes"/>.</summary>
    public static async Task<int> RunAsync(string[] arguments, Host host, CancellationToken ct = default)
    {
        var root = Create(host);
        if (arguments is [Completer.Word, .. var words])
        {
            Completer.Write(root, words, host.Output);
            return ExitCodes.Done;
        }

        var parsed = root.Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            host.Error.WriteLine($"error: {string.Join("; ", parsed.Errors.Select(e => e.Message.TrimEnd('.')))}. See {Program} {Path(parsed)}--help");
            return ExitCodes.CannotAsk;
        }

        using var output = new HelpText(host.Output);
        try
        {
            return await parsed.InvokeAsync(new() { Output = output, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(2) }, ct);
        }
        catch (Exception e) when (Failures.Explain(e) is { } failure)
        {
            host.Error.WriteLine($"error: {failure.Message}");
            return failure.ExitCode;
        }
    }

    /// <summary>How people call it.</summary>
    public const string Program = "kubectl llm";

    private static string Path(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? string.Empty : parsed.CommandResult.Command.Name + " ";
}
