using LlmOps.Demo.Cluster;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.Demo.View;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Spectre.Console;

namespace LlmOps.Demo;

/// <summary>The whole demo: a cluster, the product, users, four stories, a table.</summary>
internal static class DemoRun
{
    private const string Namespace = "default";
    private static readonly TimeSpan FirstReleaseLimit = TimeSpan.FromMinutes(2);

    /// <summary>Returns 0 only where all stories ended as they must.</summary>
    public static async Task<int> PlayAsync(bool keep, double requestsPerSecond, CancellationToken ct)
    {
        var console = Screen();
        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        void Say(string line) => console.WriteLine(line);
        var host = await DemoHost.UpAsync(Say, time, ct);
        var played = false;
        try
        {
            var kubectl = new Kubectl(host.Kubeconfig, line => console.MarkupLine($"[grey]$ {Markup.Escape(line)}[/]"));
            using var client = new KubernetesClient(KubernetesClientConfiguration.Load(host.Kubeconfig));
            Say("installing CRDs, operator and gateway");
            var installation = await Installation.InstallAsync(kubectl, client, time, ct);
            await kubectl.ApplyAsync(Samples.Root, Namespace, ct);
            await kubectl.ApplyAsync(Samples.FirstRelease, Namespace, ct);
            await using var recorder = new DeploymentRecorder(client, Namespace, Samples.Deployment, time);
            await new LiveView(recorder, new(time), time, console).ShowAsync(
                "the first release: nothing serves yet",
                recorder.WaitAsync("the first release to serve", s => s.Stable is { ReadyReplicas: Samples.Replicas }, FirstReleaseLimit, ct),
                ct);

            Say($"{requestsPerSecond:0} users' requests a second from now on, streamed through {installation.Gateways.Count} gateways");
            await using var load = LoadClient.Start(installation.Gateways, Samples.Deployment, Samples.Questions, requestsPerSecond, time);
            var stage = new Stage { Kubectl = kubectl, Namespace = Namespace, Recorder = recorder, Load = load, GatewayAdmins = installation.GatewayAdmins, Time = time };
            var outcomes = await PlayAllAsync(stage, console, ct);
            Summary(outcomes, load.Statistics, time.GetElapsedTime(started), console);
            played = outcomes.Count == Story.All.Count && outcomes.All(o => o.Succeeded);
            if (keep)
            {
                await DemoUsers.StartAsync(installation.Gateways, host.Pid, ct);
                SayHowToLookAround(host, installation, Say);
            }

            return played ? 0 : 1;
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or KubernetesException or HttpRequestException)
        {
            console.MarkupLine($"[red]{Markup.Escape(e.Message)}[/]");
            Say($"logs: {Path.GetRelativePath(Workspace.Repository, Path.Combine(Workspace.Work, "demo"))}");
            return 1;
        }
        finally
        {
            if (!keep)
                await DemoHost.DownAsync(_ => { }, CancellationToken.None);
        }
    }

    /// <summary>The terminal; plain wide lines where the output goes to a file or a pipe.</summary>
    private static IAnsiConsole Screen()
    {
        if (!Console.IsOutputRedirected)
            return AnsiConsole.Console;
        var plain = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        plain.Profile.Width = 200;
        return plain;
    }

    private static async Task<IReadOnlyList<StoryOutcome>> PlayAllAsync(Stage stage, IAnsiConsole console, CancellationToken ct)
    {
        var view = new LiveView(stage.Recorder, stage.Load.Statistics, stage.Time, console);
        var outcomes = new List<StoryOutcome>();
        foreach (var story in Story.All)
        {
            console.Write(new Rule($"{outcomes.Count + 1}. {story.Title}").LeftJustified());
            var play = story.PlayAsync(stage, ct);
            StoryOutcome outcome;
            try
            {
                await view.ShowAsync(story.Title, play, ct);
                outcome = await play;
            }
            catch (TimeoutException e)
            {
                outcome = new(story.Title, null, "an end", "none", [e.Message], []);
            }

            outcomes.Add(outcome);
            foreach (var fact in outcome.Facts)
                console.WriteLine($"   {fact}");
            foreach (var problem in outcome.Problems)
                console.MarkupLine($"   [red]{Markup.Escape(problem)}[/]");
        }

        return outcomes;
    }

    private static void Summary(IReadOnlyList<StoryOutcome> outcomes, LoadStatistics load, TimeSpan took, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (var column in (string[])["story", "release", "must be", "was", "requests answered", ""])
            table.AddColumn(column);
        foreach (var outcome in outcomes)
        {
            table.AddRow(
                Markup.Escape(outcome.Story),
                outcome.Release ?? "",
                outcome.Expected,
                outcome.Actual,
                (outcome.Release is { } release ? load.ByRelease.GetValueOrDefault(release) : 0).ToString(System.Globalization.CultureInfo.InvariantCulture),
                outcome.Succeeded ? "[green]as it must[/]" : "[red]not as it must[/]");
        }

        console.Write(table);
        console.WriteLine($"{load.Total} user requests, {load.Failures.Count} failed; {took.TotalSeconds:0} s in all");
    }

    private static void SayHowToLookAround(DemoHost host, Installation installation, Action<string> say)
    {
        say(string.Empty);
        say($"It goes on running, with {DemoUsers.RequestsPerSecond:0} users' requests a second. Look around:");
        say($"  export KUBECONFIG={host.Kubeconfig}");
        say($"  export PATH={Path.GetDirectoryName(Tools.KubectlPath())}:$PATH");
        say("  kubectl get llm,prompt,gate,evalrun");
        say("  kubectl describe llm support-bot");
        say($"  curl -N {installation.Gateways[0]}v1/chat/completions -H 'content-type: application/json' \\");
        say("    -d '{\"model\": \"support-bot\", \"stream\": true, \"prompt\": {\"variables\": {\"query\": \"How do I reset my password?\"}}}'");
        say("and end it with: make demo-down");
    }
}
