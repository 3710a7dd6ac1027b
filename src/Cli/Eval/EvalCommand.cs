using System.CommandLine;
using LlmOps.Api;
using LlmOps.Cli.Actions;
using LlmOps.Cli.Completion;

namespace LlmOps.Cli.Eval;

/// <summary><c>eval</c>: runs gates now. Needs <c>create</c> on rolloutactions, and <c>get</c>, <c>list</c> and <c>watch</c> on those and on evalruns; <c>get</c> on configmaps shows the cases that failed.</summary>
internal static class EvalCommand
{
    public static Command Create(Shell shell)
    {
        var name = shell.DeploymentName();
        var gates = new Option<string[]>("--gate") { Description = "Gate to run; may be given several times. Default: all gates in the steps of the LlmDeployment", HelpName = "name", AllowMultipleArgumentsPerToken = false };
        gates.CompletionSources.Add(context => ClusterNames.Gates(shell, context));
        var release = new Option<string?>("--release") { Description = "Release to test: candidate, stable, or the hash of one of them. Default: the candidate, or stable where none is tried", HelpName = "hash" };
        release.CompletionSources.Add(Tracks.Stable, Tracks.Candidate);
        var junit = new Option<FileInfo?>("--junit") { Description = "Write the results to this file as JUnit XML: a test for each criterion", HelpName = "file" };
        var markdown = new Option<FileInfo?>("--markdown") { Description = "Write the results to this file as Markdown, for a pull request", HelpName = "file" };
        var reason = new Option<string?>("--reason") { Description = "Why, for those who read the action later", HelpName = "text" };
        var timeout = Durations.Option("--timeout", "Longest time to wait for the verdicts", TimeSpan.FromMinutes(30));
        var command = new Command("eval", "Runs gates now, opens none by it, and waits: exit code 0 where all pass, 1 where one fails, 3 where one gives no clear answer, 2 or 4 where one could not be evaluated") { name, gates, release, junit, markdown, reason, timeout };
        return shell.Does(command, async (session, parsed, ct) =>
        {
            var deployment = await session.DeploymentAsync(parsed.GetRequiredValue(name), ct);
            var asked = new RolloutActionSpec
            {
                Deployment = deployment.Metadata.Name!,
                Action = RolloutActionKinds.Evaluate,
                Release = Tested(deployment, parsed.GetValue(release)),
                Reason = parsed.GetValue(reason),
                RequestedBy = await Actor.NameAsync(session, ct),
            };
            var limit = parsed.GetRequiredValue(timeout);
            var results = await Task.WhenAll(Gates(deployment, parsed.GetValue(gates) ?? []).Select(gate => ResultAsync(session, asked with { Gate = gate }, limit, ct)));
            if (parsed.GetValue(junit) is { } xml)
                await File.WriteAllTextAsync(xml.FullName, JUnitReport.Of(deployment.Metadata.Name!, results), ct);
            if (parsed.GetValue(markdown) is { } page)
                await File.WriteAllTextAsync(page.FullName, MarkdownReport.Of(deployment.Metadata.Name!, results), ct);
            Answer(session, results);
            return GateResult.ExitCode(results);
        });
    }

    /// <summary>One gate that cannot be evaluated is a result as well: those of the others are not lost with it.</summary>
    private static async Task<GateResult> ResultAsync(Session session, RolloutActionSpec asked, TimeSpan timeout, CancellationToken ct)
    {
        try
        {
            return await Evaluating.RunAsync(session, asked, timeout, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && Failures.Explain(e) is { } failure)
        {
            return new() { Gate = asked.Gate!, Verdict = failure.ExitCode == ExitCodes.TimedOut ? GateResult.TimedOut : GateResult.Error, Message = failure.Message };
        }
    }

    private static void Answer(Session session, IReadOnlyList<GateResult> results)
    {
        foreach (var missing in results.Where(r => r.Run is null))
            session.Note($"gate {missing.Gate} {(missing.Verdict == RolloutActionPhases.Refused ? "was refused" : "was not evaluated")}: {missing.Message}");
        if (session.Writes(new() { ApiVersion = ApiGroup.ApiVersion, Kind = "EvalRunList", Items = [.. results.Select(r => r.Run).OfType<EvalRun>()] }, ApiJson.Default.ResourceListEvalRun))
            return;
        foreach (var result in results.Where(r => r.Run is not null))
            EvalPage.Show(session, result);
    }

    private static IReadOnlyList<string> Gates(LlmDeployment deployment, string[] given)
    {
        string[] gates = given.Length > 0 ? given : [.. (deployment.Spec.Rollout?.Steps ?? []).SelectMany(s => s.Gate is { } one ? [one] : s.Gates ?? [])];
        return gates.Length > 0 ? [.. gates.Distinct(StringComparer.Ordinal)] : throw new CliException($"no step of {deployment.Metadata.Name} has a gate: name one with --gate");
    }

    /// <summary>The release as it is when the command is given: another one by the time that the operator looks is refused.</summary>
    private static string Tested(LlmDeployment deployment, string? which)
    {
        var (stable, candidate) = (deployment.Status?.Stable?.Release, deployment.Status?.Candidate?.Release);
        return which switch
        {
            null => candidate ?? stable ?? throw new CliException($"no release of {deployment.Metadata.Name} serves yet"),
            Tracks.Stable => stable ?? throw new CliException($"no release of {deployment.Metadata.Name} serves yet"),
            Tracks.Candidate => candidate ?? throw new CliException($"no release of {deployment.Metadata.Name} is being tried"),
            _ => which,
        };
    }
}
