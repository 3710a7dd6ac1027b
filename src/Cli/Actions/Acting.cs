using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Actions;

/// <summary>Makes a RolloutAction and waits for the operator's answer.</summary>
internal static class Acting
{
    public static async Task<RolloutAction> AskAsync(Session session, string ns, RolloutActionSpec spec, string verb, CancellationToken ct)
    {
        try
        {
            return await session.Client.CreateAsync(new RolloutAction { Metadata = new() { Namespace = ns, GenerateName = $"{verb}-" }, Spec = spec }, ct);
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            throw new CliException($"you may not {verb} in namespace {ns}: {Failures.Said(e)}. The ClusterRole llmops-approve gives the right", cause: e);
        }
    }

    /// <summary>The action with its answer.</summary>
    /// <exception cref="CliException">There is no answer in time; the action stays.</exception>
    public static Task<RolloutAction> AnswerAsync(Session session, RolloutAction action, TimeSpan timeout, CancellationToken ct) => Deadline.WithinAsync(
        session, timeout,
        either => ObjectWait.UntilAsync<RolloutAction>(session.Client, action.Key(), seen => seen.Status?.Phase is not null, either),
        () => $"the operator has not answered rolloutaction {action.Metadata.Name} within {new Duration(timeout)}: is it running? The action stays and is looked at when it is",
        ct);
}
