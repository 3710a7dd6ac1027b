using System.CommandLine;
using System.CommandLine.Completions;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Completion;

/// <summary>Names of the cluster for the word that is being typed. Nothing is offered where the cluster does not answer at once: a shell waits for this.</summary>
internal static class ClusterNames
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public static IEnumerable<CompletionItem> Deployments(Shell shell, CompletionContext context) => Names<LlmDeployment>(shell, context);

    public static IEnumerable<CompletionItem> Gates(Shell shell, CompletionContext context) => Names<EvalGate>(shell, context);

    public static IEnumerable<CompletionItem> Namespaces(Shell shell, CompletionContext context) =>
        Ask(shell, context, async (session, ct) => (await session.Client.ListAsync<Namespace>(ct: ct)).Items.Select(o => o.Metadata.Name!));

    /// <summary>Contexts of the kubeconfig, without asking a cluster.</summary>
    public static IEnumerable<CompletionItem> Contexts(Shell shell, CompletionContext context) =>
        Ask(shell, context, (_, _) => Task.FromResult<IEnumerable<string>>(KubernetesClientConfiguration.Contexts(context.ParseResult.GetValue(shell.Options.Kubeconfig))));

    /// <summary>What the LlmDeployment tells that was named before.</summary>
    public static IEnumerable<CompletionItem> Of(Shell shell, CompletionContext context, Argument<string> name, Func<LlmDeployment, IEnumerable<string>> words) =>
        Ask(shell, context, async (session, ct) => context.ParseResult.GetResult(name)?.Tokens is [{ Value: var one }, ..] && await session.Client.GetAsync<LlmDeployment>(new(session.Namespace, one), ct) is { } found
            ? words(found).Distinct(StringComparer.Ordinal)
            : []);

    private static CompletionItem[] Names<T>(Shell shell, CompletionContext context)
        where T : class, IResource<T> =>
        Ask(shell, context, async (session, ct) => (await session.Client.ListAsync<T>(session.Namespace, ct: ct)).Items.Select(o => o.Metadata.Name!));

    private static CompletionItem[] Ask(Shell shell, CompletionContext context, Func<Session, CancellationToken, Task<IEnumerable<string>>> words)
    {
        try
        {
            using var session = new Session(shell.Host, shell.Options, context.ParseResult);
            using var limit = new CancellationTokenSource(Limit, shell.Host.Time);
            return [.. words(session, limit.Token).GetAwaiter().GetResult().Select(word => new CompletionItem(word))];
        }
        catch (Exception e) when (Failures.Explain(e) is not null)
        {
            return [];
        }
    }
}
