using System.CommandLine;
using LlmOps.Api;
using LlmOps.Cli.Completion;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Diff;

/// <summary><c>diff</c>: what two releases differ in. Needs <c>get</c> on llmdeployments and promptversions, <c>list</c> on controllerrevisions.</summary>
internal static class DiffCommand
{
    public static Command Create(Shell shell)
    {
        var name = shell.DeploymentName();
        Argument<string?> Release(string which, string description)
        {
            var argument = new Argument<string?>(which) { Description = description, Arity = ArgumentArity.ZeroOrOne };
            argument.CompletionSources.Add(Tracks.Stable, Tracks.Candidate);
            argument.CompletionSources.Add(context => ClusterNames.Of(shell, context, name, deployment => (deployment.Status?.History ?? []).Select(entry => entry.Release)));
            return argument;
        }

        var from = Release("from", "The release to compare with: stable, candidate, or the beginning of a hash. Default: stable");
        var to = Release("to", "The release to compare. Default: candidate");
        var exitCode = new Option<bool>("--exit-code") { Description = "Exit code 1 where they differ" };
        var command = new Command("diff", "Shows what two releases differ in: model, engine, arguments, parameters, prompt text line by line") { name, from, to, exitCode };
        return shell.Does(command, async (session, parsed, ct) =>
        {
            var deployment = await session.DeploymentAsync(parsed.GetRequiredValue(name), ct);
            var difference = await BetweenAsync(session, deployment, parsed.GetValue(from) ?? Tracks.Stable, parsed.GetValue(to) ?? Tracks.Candidate, ct);
            if (!session.Writes(difference, CliJson.Default.Difference))
                DiffPage.Show(session, difference);
            return parsed.GetValue(exitCode) && !difference.IsEmpty ? ExitCodes.No : ExitCodes.Done;
        });
    }

    /// <param name="session">The cluster.</param>
    /// <param name="deployment">Whose releases.</param>
    /// <param name="from">stable, candidate, or the beginning of a hash.</param>
    /// <param name="to">The same.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="CliException">There is no such release.</exception>
    public static async Task<Difference> BetweenAsync(Session session, LlmDeployment deployment, string from, string to, CancellationToken ct)
    {
        var releases = await SnapshotsAsync(session, deployment, ct);
        var (old, @new) = (Find(deployment, releases, from), Find(deployment, releases, to));
        return Comparing.Of(old, await PromptAsync(session, deployment, old, ct), @new, await PromptAsync(session, deployment, @new, ct));
    }

    private static async Task<IReadOnlyList<KnownRelease>> SnapshotsAsync(Session session, LlmDeployment deployment, CancellationToken ct)
    {
        var revisions = await session.Client.ListAsync<ControllerRevision>(deployment.Metadata.Namespace, new() { LabelSelector = $"{Labels.Deployment}={deployment.Metadata.Name}" }, ct);
        return [.. revisions.Items.Select(KnownRelease.Read).OfType<KnownRelease>()];
    }

    private static KnownRelease Find(LlmDeployment deployment, IReadOnlyList<KnownRelease> releases, string which)
    {
        var hash = which switch
        {
            Tracks.Stable => deployment.Status?.Stable?.Release ?? throw new CliException($"no release of {deployment.Metadata.Name} serves yet"),
            Tracks.Candidate => deployment.Status?.Candidate?.Release ?? throw new CliException($"no release of {deployment.Metadata.Name} is being tried: name two releases, such as those of kubectl llm history {deployment.Metadata.Name}"),
            _ => which,
        };
        return releases.Where(r => r.Hash.StartsWith(hash, StringComparison.Ordinal)).ToList() switch
        {
            [var one] => one,
            [] => throw new CliException($"there is no snapshot of release {hash} of {deployment.Metadata.Name}: it has {(releases.Count == 0 ? "none" : string.Join(", ", releases.Select(r => r.Hash).Order(StringComparer.Ordinal)))}"),
            var many => throw new CliException($"{hash} begins {many.Count} releases: {string.Join(", ", many.Select(r => r.Hash).Order(StringComparer.Ordinal))}"),
        };
    }

    /// <summary>The prompt of a release; null where it has none or it was deleted.</summary>
    private static async Task<PromptVersionSpec?> PromptAsync(Session session, LlmDeployment deployment, KnownRelease release, CancellationToken ct) =>
        release.Snapshot.Prompt is { } prompt ? (await session.Client.GetAsync<PromptVersion>(new(deployment.Metadata.Namespace!, prompt.Name), ct))?.Spec : null;
}
