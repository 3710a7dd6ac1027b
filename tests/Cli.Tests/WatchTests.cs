using System.Text.Json.Nodes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Commands that go on: they follow the cluster, and end as they should.</summary>
public sealed class WatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task In_a_pipe_a_watch_is_a_line_for_each_change_and_ctrl_c_ends_it_well()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter { NewLine = "\n" };
        var writer = TextWriter.Synchronized(output);
        var running = CommandLine.RunAsync(["status", "support-bot", "--watch", "--kubeconfig", desk.Kubeconfig], desk.Host(writer, TextWriter.Null, null), stop.Token);
        await Eventually.TrueAsync(() => Lines(writer, output).Length == 1, Patience, () => $"the state at the start: {string.Concat(Lines(writer, output))}");
        Change(desk, status => status["rollout"]!["evidenceSavedAt"] = "2026-07-01T12:00:05Z");
        Change(desk, status => (status["candidate"]!["weight"], status["rollout"]!["message"]) = (50, "weight 50% is held"));
        await Eventually.TrueAsync(() => Lines(writer, output).Length == 2, Patience, () => $"the change: {string.Concat(Lines(writer, output))}");
        await stop.CancelAsync();

        Assert.Equal(ExitCodes.Done, await running);
        Assert.Equal(
            ["12:00:00  support-bot  Stepping weight 25%, candidate a2cd4d0cdd has 25%: weight 25% is held until 12:00:45", "12:00:00  support-bot  Stepping weight 25%, candidate a2cd4d0cdd has 50%: weight 50% is held"],
            Lines(writer, output));
    }

    [Fact]
    public async Task A_wait_ends_with_0_once_the_new_release_serves()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var running = desk.RunAsync("status support-bot --wait");
        await desk.Server.Watches.WaitForAsync(1);
        Change(desk, status =>
        {
            status["candidate"] = null;
            status["rollout"]!["phase"] = "Promoted";
            status["conditions"]![0]!["message"] = "release a2cd4d0cdd serves with 2 of 2 replicas";
        });
        var printed = await running.WaitAsync(Patience);
        Assert.Equal((ExitCodes.Done, "support-bot: release a2cd4d0cdd serves with 2 of 2 replicas\n"), (printed.Code, printed.Output));
        Assert.Equal(2, printed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_wait_for_a_release_that_was_reverted_ends_with_1()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var printed = await desk.RunAsync("status summarizer --wait").WaitAsync(Patience);
        Assert.Equal((ExitCodes.No, "summarizer: release 8888888888 failed (LiveTestFailed) and is locked: change the spec, or retry it (ReleaseLocked)\n"), (printed.Code, printed.Output));
    }

    [Fact]
    public async Task A_wait_does_not_take_an_old_status_for_an_answer_to_a_new_spec()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        Change(desk, status => status["observedGeneration"] = 0, "summarizer");
        var running = desk.RunAsync("status summarizer --wait --timeout 10s");
        await desk.Server.Watches.WaitForAsync(1);
        // Less than what the client waits for the watch to be answered, which the server has done and the client may not have seen.
        desk.Time.Advance(TimeSpan.FromSeconds(10));
        var printed = await running.WaitAsync(Patience);
        Assert.Equal((ExitCodes.TimedOut, ""), (printed.Code, printed.Output));
        Assert.Contains("LlmDeployment summarizer did not come to an end within 10s; it is at: Reverted: live/errors", printed.Error, StringComparison.Ordinal);
    }

    private static string[] Lines(TextWriter writer, StringWriter output)
    {
        // What a synchronized writer locks is itself.
        lock (writer)
            return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static void Change(Desk desk, Action<JsonObject> change, string name = "support-bot")
    {
        var deployment = desk.Server.Find("llmdeployments.llmops.dev", "default", name)!;
        change(deployment["status"]!.AsObject());
        desk.Server.Seed(deployment);
    }
}
