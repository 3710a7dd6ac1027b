using System.CommandLine;
using LlmOps.Api;
using LlmOps.Cli.Completion;

namespace LlmOps.Cli.Actions;

/// <summary>The verbs of people: each makes one <see cref="RolloutAction"/> and waits for its answer. Needs <c>get</c> on llmdeployments; <c>create</c>, <c>get</c>, <c>list</c> and <c>watch</c> on rolloutactions.</summary>
internal static class ActionCommands
{
    /// <summary>Release and step that are meant are those that are there as the command is given: by the time that the operator looks, it refuses where they are others.</summary>
    private sealed record Verb(string Name, string Action, string Description, Func<LlmDeployment, string?, Meant> Mean, string? ReleaseHelp = null, Func<LlmDeployment, IEnumerable<string>>? Offers = null);

    private static readonly Verb[] Verbs =
    [
        new("approve", "Approve", "Gives the approval that a rollout waits for", Meaning.Candidate, "Approve only this release. Default: the candidate as it is now", Meaning.Candidates),
        new("promote", "Promote", "Takes the candidate over: skips all that is left but gates", Meaning.Candidate, "Promote only this release. Default: the candidate as it is now", Meaning.Candidates),
        new("skip", "SkipStep", "Ends the present weight step early", Meaning.CandidateAtStep, "Skip only for this release. Default: the candidate as it is now", Meaning.Candidates),
        new("abort", "Abort", "Reverts the candidate at once and locks its release", Meaning.Candidate, "Abort only this release. Default: the candidate as it is now", Meaning.Candidates),
        new("retry", "Retry", "Unlocks a release that failed, so that it is tried again", Meaning.Locked, "The release. Default: the one that the spec asks for", Meaning.AllLocked),
        new("rollback", "Rollback", "Goes back to a release that was promoted once, and locks the one that serves", Meaning.Before, "The release. Default: the one that served before", Meaning.AllBefore),
        new("pause", "Pause", "Holds the rollout where it is; reverts go on", Meaning.Whole),
        new("resume", "Resume", "Ends a pause", Meaning.Whole),
    ];

    public static IEnumerable<Command> Create(Shell shell) => Verbs.Select(verb => Create(shell, verb));

    private static Command Create(Shell shell, Verb verb)
    {
        var name = shell.DeploymentName();
        var release = new Option<string?>(verb.Action == "Rollback" ? "--to" : "--release") { Description = verb.ReleaseHelp, HelpName = "hash" };
        if (verb.Offers is { } offers)
            release.CompletionSources.Add(context => ClusterNames.Of(shell, context, name, offers));
        var reason = new Option<string?>("--reason") { Description = "Why, for those who read the record later", HelpName = "text" };
        var timeout = Durations.Option("--timeout", "Longest time to wait for the operator's answer", TimeSpan.FromSeconds(30));
        var command = new Command(verb.Name, verb.Description) { name, reason, timeout };
        if (verb.ReleaseHelp is not null)
            command.Add(release);
        return shell.Does(command, async (session, parsed, ct) =>
        {
            var deployment = await session.DeploymentAsync(parsed.GetRequiredValue(name), ct);
            var meant = verb.Mean(deployment, verb.ReleaseHelp is null ? null : parsed.GetValue(release));
            var action = await Acting.AskAsync(session, session.Namespace, new RolloutActionSpec
            {
                Deployment = deployment.Metadata.Name!,
                Action = verb.Action,
                Release = meant.Release,
                Step = meant.Step,
                Reason = parsed.GetValue(reason),
                RequestedBy = await Actor.NameAsync(session, ct),
            }, verb.Name, ct);
            return Answer(session, await Acting.AnswerAsync(session, action, parsed.GetRequiredValue(timeout), ct));
        });
    }

    private static int Answer(Session session, RolloutAction action)
    {
        var isApplied = action.Status!.Phase == RolloutActionPhases.Applied;
        if (!session.Writes(action, ApiJson.Default.RolloutAction))
        {
            var line = $"{action.Spec.Action} {action.Status.Phase!.ToLowerInvariant()}: {action.Status.Message} (rolloutaction {action.Metadata.Name})";
            if (isApplied)
                session.Line(line);
            else
                session.Note(line);
        }

        return isApplied ? ExitCodes.Done : ExitCodes.No;
    }
}
