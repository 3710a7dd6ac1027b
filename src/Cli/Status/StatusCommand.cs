using System.CommandLine;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Status;

/// <summary><c>status</c>: where rollouts are. Needs <c>get</c>, <c>list</c> and (to watch) <c>watch</c> on llmdeployments; pods and evalruns are shown where they may be listed.</summary>
internal static class StatusCommand
{
    public static Command Create(Shell shell)
    {
        var name = shell.OptionalDeploymentName("Name of the LlmDeployment. Without it: a table of all");
        var everywhere = new Option<bool>("--all-namespaces", "-A") { Description = "Table of all namespaces" };
        var watch = new Option<bool>("--watch", "-w") { Description = "Go on until Ctrl-C: redrawn on a terminal, else a line for each change" };
        var wait = new Option<bool>("--wait") { Description = "Go on until the rollout is over: exit code 0 where what the spec asks for serves, 1 where it does not" };
        var timeout = Durations.Option("--timeout", "Longest time of --wait", TimeSpan.FromHours(1));
        var command = new Command("status", "Shows releases, pods, steps and gates of an LlmDeployment, or a table of all") { name, everywhere, watch, wait, timeout };
        return shell.Does(command, async (session, parsed, ct) =>
        {
            var ns = parsed.GetValue(everywhere) ? null : session.Namespace;
            if (parsed.GetValue(name) is not { } one)
            {
                if (parsed.GetValue(wait))
                    throw new CliException("--wait needs the name of an LlmDeployment");
                return await AllAsync(session, ns, parsed.GetValue(watch), ct);
            }

            if (ns is null)
                throw new CliException("a name is of one namespace: leave out --all-namespaces, or the name");
            var deployment = await session.DeploymentAsync(one, ct);
            if (parsed.GetValue(wait))
                return await Waiting.AsWellAsAsync(session, deployment, parsed.GetRequiredValue(timeout), ct);
            if (parsed.GetValue(watch))
                return await Following.OneAsync(session, deployment, ct);
            if (!session.Writes(deployment, ApiJson.Default.LlmDeployment))
                session.Show(StatusTree.Of(await Picture.ReadAsync(session.Client, deployment, ct), session.Now, session.Host.IsPlain));
            return ExitCodes.Done;
        });
    }

    private static async Task<int> AllAsync(Session session, string? ns, bool watch, CancellationToken ct)
    {
        var all = await session.Client.ListAsync<LlmDeployment>(ns, ct: ct);
        if (watch)
            return await Following.AllAsync(session, ns, ct);
        if (session.Writes(all with { Items = [.. all.Items] }, ApiJson.Default.ResourceListLlmDeployment))
            return ExitCodes.Done;
        if (all.Items.Count == 0)
            session.Note(ns is null ? "there is no LlmDeployment in any namespace" : $"there is no LlmDeployment in namespace {ns}");
        else
            session.Show(StatusTable.Of(all.Items, ns is null, session.Host.Columns, session.Now));
        return ExitCodes.Done;
    }
}
