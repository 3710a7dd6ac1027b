using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
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

    [Theory]
    [InlineData("status support-bot", "a2cd4d0cdd  25%", "a2cd4d0cdd  50%", "10m10s")]
    [InlineData("status", "25%", "50%", "85s")]
    public async Task On_a_terminal_a_watch_is_redrawn_in_place_as_things_change_and_time_goes_by(string line, string before, string after, string aged)
    {
        const int Columns = 100;
        await using var desk = await Desk.BeforeAsync("canary");
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter { NewLine = "\n" };
        var writer = TextWriter.Synchronized(output);
        var running = CommandLine.RunAsync([.. line.Split(' '), "--watch", "--kubeconfig", desk.Kubeconfig], desk.Host(writer, TextWriter.Null, Columns), stop.Token);
        await ShowsAsync(before);
        Assert.Equal(await NowAsync(), Terminal.Shows(Said(writer, output)));
        Assert.Contains("\u001b[?25l", Said(writer, output), StringComparison.Ordinal);

        Change(desk, status => status["candidate"]!["weight"] = 50);
        await ShowsAsync(after);
        Assert.Equal(await NowAsync(), Terminal.Shows(Said(writer, output)));

        desk.Time.Advance(TimeSpan.FromSeconds(10));
        await ShowsAsync(aged);
        Assert.Equal(await NowAsync(), Terminal.Shows(Said(writer, output)));

        await stop.CancelAsync();
        Assert.Equal(ExitCodes.Done, await running.WaitAsync(Patience));
        Assert.EndsWith("\u001b[?25h", Said(writer, output).TrimEnd('\n'), StringComparison.Ordinal);

        Task ShowsAsync(string text) => Eventually.TrueAsync(() => Terminal.Shows(Said(writer, output)).Any(l => l.Contains(text, StringComparison.Ordinal)), Patience, () => $"{text}:\n{string.Join('\n', Terminal.Shows(Said(writer, output)))}");
        async Task<string[]> NowAsync() => Terminal.Shows((await desk.RunAsync(line, Columns)).Output);
    }

    [Fact]
    public async Task In_a_pipe_a_watch_of_all_tells_what_changed_and_nothing_else()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter { NewLine = "\n" };
        var writer = TextWriter.Synchronized(output);
        var running = CommandLine.RunAsync(["status", "-A", "--watch", "--kubeconfig", desk.Kubeconfig], desk.Host(writer, TextWriter.Null, null), stop.Token);
        await Eventually.TrueAsync(() => Lines(writer, output).Length == 3, Patience, () => $"the state at the start: {string.Concat(Lines(writer, output))}");
        Change(desk, status => (status["candidate"]!["weight"], status["rollout"]!["message"]) = (50, "weight 50% is held"));
        await Eventually.TrueAsync(() => Lines(writer, output).Length == 4, Patience, () => $"the change: {string.Concat(Lines(writer, output))}");
        await stop.CancelAsync();
        Assert.Equal(ExitCodes.Done, await running.WaitAsync(Patience));
        Assert.Equal(["default/summarizer", "default/support-bot", "kube-public/untouched", "default/support-bot"], Lines(writer, output).Select(l => l.Split("  ")[1]));
    }

    [Theory]
    [InlineData("json")]
    [InlineData("yaml")]
    public async Task A_program_that_watches_gets_a_document_for_each_change(string format)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter { NewLine = "\n" };
        var writer = TextWriter.Synchronized(output);
        var running = CommandLine.RunAsync(["status", "support-bot", "--watch", "-o", format, "--kubeconfig", desk.Kubeconfig], desk.Host(writer, TextWriter.Null, null), stop.Token);
        await Eventually.TrueAsync(() => Weights().Length == 1, Patience, () => Said(writer, output));
        Change(desk, status => status["candidate"]!["weight"] = 50);
        await Eventually.TrueAsync(() => Weights().Length == 2, Patience, () => Said(writer, output));
        await stop.CancelAsync();
        Assert.Equal(ExitCodes.Done, await running.WaitAsync(Patience));
        Assert.Equal(["25", "50"], Weights());

        // A document is whole once its line, or the line behind it, has ended.
        string[] Weights() => [.. (format == "json"
            ? Said(writer, output).Split('\n')[..^1].Select(l => JsonNode.Parse(l)!)
            : Said(writer, output).Split("---\n")[..^1].SelectMany(d => YamlJson.Documents(d))).Select(d => d["status"]!["candidate"]!["weight"]!.ToJsonString())];
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

    private static string[] Lines(TextWriter writer, StringWriter output) => Said(writer, output).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Said(TextWriter writer, StringWriter output)
    {
        // What a synchronized writer locks is itself.
        lock (writer)
            return output.ToString();
    }

    private static void Change(Desk desk, Action<JsonObject> change, string name = "support-bot")
    {
        var deployment = desk.Server.Find("llmdeployments.llmops.dev", "default", name)!;
        change(deployment["status"]!.AsObject());
        desk.Server.Seed(deployment);
    }
}
