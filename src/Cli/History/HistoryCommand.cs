using System.CommandLine;
using LlmOps.Api;
using LlmOps.Cli.Completion;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.History;

/// <summary><c>history</c>: the rollouts that ended. Needs <c>get</c> on llmdeployments and <c>list</c> on rolloutrecords.</summary>
internal static class HistoryCommand
{
    public static Command Create(Shell shell)
    {
        var name = shell.DeploymentName();
        var which = new Argument<string?>("rollout") { Description = "A rollout, by its id, its record or its release: all that is known of it", Arity = ArgumentArity.ZeroOrOne };
        which.CompletionSources.Add(context => ClusterNames.Of(shell, context, name, deployment => (deployment.Status?.History ?? []).Select(entry => entry.Id)));
        var command = new Command("history", "Shows the rollouts that ended, or one of them with its steps, verdicts and timeline") { name, which };
        return shell.Does(command, async (session, parsed, ct) =>
        {
            var deployment = await session.DeploymentAsync(parsed.GetRequiredValue(name), ct);
            var ended = EndedRollouts.Of(deployment, (await session.Client.ListAsync<RolloutRecord>(session.Namespace, ct: ct)).Items);
            return parsed.GetValue(which) is { } one ? ShowOne(session, deployment, ended, one) : ShowAll(session, deployment, ended);
        });
    }

    private static int ShowAll(Session session, LlmDeployment deployment, IReadOnlyList<RolloutRecord> ended)
    {
        if (session.Writes(new ResourceList<RolloutRecord> { ApiVersion = ApiGroup.ApiVersion, Kind = "RolloutRecordList", Items = ended }, ApiJson.Default.ResourceListRolloutRecord))
            return ExitCodes.Done;
        if (ended.Count == 0)
            session.Note($"no rollout of {deployment.Metadata.Name} has ended yet");
        else
            session.Show(HistoryTable.Of(ended.Select(r => r.Spec), session.Now));
        return ExitCodes.Done;
    }

    private static int ShowOne(Session session, LlmDeployment deployment, IReadOnlyList<RolloutRecord> ended, string which)
    {
        var record = ended.FirstOrDefault(r => r.Spec.Rollout == which || r.Metadata.Name == which || r.Spec.Candidate.Release == which)
            ?? throw new CliException($"no rollout {which} of {deployment.Metadata.Name} is recorded: see kubectl llm history {deployment.Metadata.Name}");
        if (!session.Writes(record, ApiJson.Default.RolloutRecord))
            RecordPage.Show(session, record);
        return ExitCodes.Done;
    }
}
