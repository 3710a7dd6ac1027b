using System.CommandLine;

namespace LlmOps.Cli;

/// <summary>What every command is made with.</summary>
internal sealed record Shell(Host Host, GlobalOptions Options)
{
    /// <summary>Name of an LlmDeployment, completed from the cluster.</summary>
    public Argument<string> DeploymentName(string description = "Name of the LlmDeployment") => Complete(new Argument<string>("name") { Description = description });

    /// <summary>The same, where it may be left out.</summary>
    public Argument<string?> OptionalDeploymentName(string description) => Complete(new Argument<string?>("name") { Description = description, Arity = ArgumentArity.ZeroOrOne });

    /// <summary>Gives a command its body.</summary>
    public Command Does(Command command, Func<Session, ParseResult, CancellationToken, Task<int>> body)
    {
        command.SetAction(async (parsed, ct) =>
        {
            using var session = new Session(Host, Options, parsed);
            return await body(session, parsed, ct);
        });
        return command;
    }

    /// <summary>Refuses <c>-o</c> for a command that gives no answer in any format.</summary>
    public Command HasNoAnswer(Command command)
    {
        command.Validators.Add(result =>
        {
            if (result.GetResult(Options.Output) is { Implicit: false })
                result.AddError($"{command.Name} has no {Options.Output.Name}");
        });
        return command;
    }

    private Argument<T> Complete<T>(Argument<T> argument)
    {
        argument.CompletionSources.Add(context => Completion.ClusterNames.Deployments(this, context));
        argument.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(t => t.Value.StartsWith('-')) is { } unknown)
                result.AddError($"there is no option {unknown.Value}");
        });
        return argument;
    }
}
