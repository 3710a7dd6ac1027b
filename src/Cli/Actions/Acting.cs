using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Actions;

/// <summary>Makes a RolloutAction and waits for the operator's answer.</summary>
internal static class Acting
{
    public static async Task<RolloutAction> AskAsync(Session session, RolloutActionSpec spec, string verb, CancellationToken ct)
    {
        try
        {
            return await session.Client.CreateAsync(new RolloutAction { Metadata = new() { Namespace = session.Namespace, GenerateName = $"{verb}-" }, Spec = spec }, ct);
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            throw new CliException($"you may not {verb} in namespace {session.Namespace}: {Failures.Said(e)}. The ClusterRole llmops-approve gives the right", cause: e);
        }
    }

    /// <summary>The action with its answer.</summary>
    /// <exception cref="CliException">There is no answer in time; the action stays.</exception>
    public static async Task<RolloutAction> AnswerAsync(Session session, RolloutAction action, TimeSpan timeout, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(timeout, session.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            return await UntilAnsweredAsync(session.Client, action, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException($"the operator has not answered rolloutaction {action.Metadata.Name} within {new Duration(timeout)}: is it running? The action stays and is looked at when it is", ExitCodes.TimedOut);
        }
    }

    private static async Task<RolloutAction> UntilAnsweredAsync(KubernetesClient client, RolloutAction action, CancellationToken ct)
    {
        var key = action.Key();
        while (true)
        {
            var seen = await client.GetAsync<RolloutAction>(key, ct) ?? throw new CliException($"rolloutaction {key.Name} was deleted before it was answered");
            if (seen.Status?.Phase is not null)
                return seen;
            // Until the server ends the watch; what happened meanwhile is read again.
            await foreach (var change in client.WatchAsync<RolloutAction>(key.Namespace, new() { FieldSelector = $"metadata.name={key.Name}", ResourceVersion = seen.Metadata.ResourceVersion }, ct))
            {
                if (change is { Type: WatchEventType.Deleted or WatchEventType.Error })
                    break;
                if (change.Object is { Status.Phase: not null } answered)
                    return answered;
            }
        }
    }
}
