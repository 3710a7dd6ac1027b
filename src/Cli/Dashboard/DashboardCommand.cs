using System.CommandLine;
using LlmOps.Cli.Status;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Dashboard;

/// <summary>
/// <c>dashboard</c>: a page on the loopback. Needs <c>get</c>, <c>list</c> and <c>watch</c> on llmdeployments; evalruns, configmaps (reports), controllerrevisions, promptversions and rolloutrecords
/// are shown where they may be read, and its buttons need <c>create</c> on rolloutactions.
/// </summary>
internal static class DashboardCommand
{
    public static Command Create(Shell shell)
    {
        var port = new Option<int>("--port") { Description = "Port on 127.0.0.1. Default: one that is free", HelpName = "port" };
        var everywhere = new Option<bool>("--all-namespaces", "-A") { Description = "LlmDeployments of all namespaces" };
        var command = new Command("dashboard", "Serves a page on the loopback, with your rights: live canaries, evidence, gates, history, and their buttons") { port, everywhere };
        return shell.Does(shell.HasNoAnswer(command), async (session, parsed, ct) =>
        {
            try
            {
                await RunAsync(session, parsed.GetValue(everywhere) ? null : session.Namespace, parsed.GetValue(port), url => session.Line(url.ToString()), ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // Ctrl-C is how it ends.
            }

            return ExitCodes.Done;
        });
    }

    private static async Task RunAsync(Session session, string? ns, int port, Action<Uri> started, CancellationToken ct)
    {
        // What is wrong with cluster or rights is said before a page is promised.
        await session.Client.ListAsync<Api.LlmDeployment>(ns, new() { Limit = 1 }, ct);
        var series = new SeriesBook();
        using var live = Live.All(session, ns);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = live.RunAsync(
            () =>
            {
                foreach (var deployment in live.Deployments)
                    series.Add(deployment, session.Now);
                return null;
            },
            beat: null,
            session.Time,
            stop.Token);
        try
        {
            session.Note("The page has your rights: keep its address to yourself. Ctrl-C ends it.");
            await new DashboardServer(session, new Views(session, ns, series)).RunAsync(port, started, ct);
        }
        finally
        {
            await stop.CancelAsync();
            await following.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
