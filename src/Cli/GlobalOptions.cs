using System.CommandLine;

namespace LlmOps.Cli;

/// <summary>Options of every command, named as kubectl names them.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Kubeconfig { get; } = new("--kubeconfig") { Description = "Kubeconfig file. Default: $KUBECONFIG, else ~/.kube/config", Recursive = true, HelpName = "file" };

    public Option<string?> Context { get; } = new("--context") { Description = "Context of the kubeconfig", Recursive = true, HelpName = "name" };

    public Option<string?> Namespace { get; } = new("--namespace", "-n") { Description = "Namespace. Default: that of the context, else default", Recursive = true, HelpName = "name" };

    public Option<string?> As { get; } = new("--as") { Description = "User to act as, where you may", Recursive = true, HelpName = "user" };

    public Option<string[]> AsGroup { get; } = new("--as-group") { Description = "Group to act as, with --as; may be given several times", Recursive = true, HelpName = "group", AllowMultipleArgumentsPerToken = false };

    public Option<bool> Insecure { get; } = new("--insecure-skip-tls-verify") { Description = "Obey a kubeconfig that switches off the check of the API server's certificate: whoever is on the way can then take the credentials", Recursive = true };

    public Option<string?> Output { get; } = new("--output", "-o") { Description = "json or yaml instead of text for people. Not of completion and dashboard", Recursive = true, HelpName = "json|yaml" };

    public GlobalOptions() => Output.AcceptOnlyFromAmong("json", "yaml");

    public IEnumerable<Option> All => [Namespace, Output, Context, Kubeconfig, As, AsGroup, Insecure];
}
