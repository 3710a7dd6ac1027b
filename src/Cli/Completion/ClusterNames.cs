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

    private static CompletionItem[] Names<T>(Shell shell, CompletionContext context)
        where T : class, IResource<T>
    {
        try
        {
            using var session = new Session(shell.Host, shell.Options, context.ParseResult);
            using var limit = new CancellationTokenSource(Limit, shell.Host.Time);
            var found = session.Client.ListAsync<T>(session.Namespace, ct: limit.Token).GetAwaiter().GetResult();
            return [.. found.Items.Select(o => new CompletionItem(o.Metadata.Name!))];
        }
        catch (Exception e) when (Failures.Explain(e) is not null)
        {
            return [];
        }
    }
}
