using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>The verbs: what they ask for, how they tell the answer, and how a script learns of it.</summary>
public sealed class ActionTests
{
    [Theory]
    [InlineData("approve support-bot", """{"deployment":"support-bot","action":"Approve","release":"a2cd4d0cdd"}""")]
    [InlineData("promote support-bot --reason 'good enough'", """{"deployment":"support-bot","action":"Promote","release":"a2cd4d0cdd","reason":"good enough"}""")]
    [InlineData("promote support-bot --release beefbeef00", """{"deployment":"support-bot","action":"Promote","release":"beefbeef00"}""")]
    [InlineData("skip support-bot", """{"deployment":"support-bot","action":"SkipStep","release":"a2cd4d0cdd","step":1}""")]
    [InlineData("abort support-bot", """{"deployment":"support-bot","action":"Abort","release":"a2cd4d0cdd"}""")]
    [InlineData("retry summarizer", """{"deployment":"summarizer","action":"Retry"}""")]
    [InlineData("retry summarizer --release 8888888888", """{"deployment":"summarizer","action":"Retry","release":"8888888888"}""")]
    [InlineData("rollback support-bot", """{"deployment":"support-bot","action":"Rollback","release":"0ldre1ea5e"}""")]
    [InlineData("rollback support-bot --to 1234512345", """{"deployment":"support-bot","action":"Rollback","release":"1234512345"}""")]
    [InlineData("pause support-bot", """{"deployment":"support-bot","action":"Pause"}""")]
    [InlineData("resume support-bot", """{"deployment":"support-bot","action":"Resume"}""")]
    public async Task A_verb_asks_for_what_is_there_as_it_is_given(string line, string asked)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var @operator = AnsweringOperator.Applies(desk, "it was done");
        var printed = await desk.RunAsync(line);

        Assert.Equal("", printed.Error);
        Assert.Equal(asked, Assert.Single(@operator.Asked).ToJsonString());
        var action = Assert.Single(desk.Server.FindAll("rolloutactions.llmops.dev"));
        Assert.Equal($"{action["spec"]!["action"]} applied: it was done (rolloutaction {action["metadata"]!["name"]})\n", printed.Output);
        Assert.StartsWith(line.Split(' ')[0] + "-", (string)action["metadata"]!["name"]!, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Done, printed.Code);
    }

    [Fact]
    public async Task A_refusal_is_told_beside_the_answer_and_ends_with_1()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        AnsweringOperator.Refuses(desk, "the candidate waits for no approval");
        var printed = await desk.RunAsync("approve support-bot");
        Assert.Equal((ExitCodes.No, ""), (printed.Code, printed.Output));
        Assert.StartsWith("Approve refused: the candidate waits for no approval (rolloutaction approve-", printed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_can_be_had_as_json()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        AnsweringOperator.Refuses(desk, "no");
        var printed = await desk.RunAsync("abort support-bot -o json");
        var answer = JsonNode.Parse(printed.Output)!;
        Assert.Equal((ExitCodes.No, "RolloutAction", "Refused"), (printed.Code, (string?)answer["kind"], (string?)answer["status"]!["phase"]));
    }

    [Fact]
    public async Task Without_an_operator_the_wait_ends_and_says_that_the_action_stays()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var running = desk.RunAsync("pause support-bot --timeout 10s");
        await desk.Server.Watches.WaitForAsync(1);
        desk.Time.Advance(TimeSpan.FromSeconds(10));
        var printed = await running;
        Assert.Equal((ExitCodes.TimedOut, ""), (printed.Code, printed.Output));
        Assert.StartsWith("error: the operator has not answered rolloutaction pause-", printed.Error, StringComparison.Ordinal);
        Assert.Contains("within 10s: is it running?", printed.Error, StringComparison.Ordinal);
        Assert.Single(desk.Server.FindAll("rolloutactions.llmops.dev"));
    }

    [Theory]
    [InlineData("approve summarizer", 1, "error: no release of summarizer is being tried: 7777777777 serves\n")]
    [InlineData("rollback summarizer", 1, "error: no other release of summarizer was promoted and is free to serve again: see kubectl llm history summarizer, or name one with --to\n")]
    [InlineData("retry support", 2, "error: there is no LlmDeployment support in namespace default: it has summarizer, support-bot\n")]
    [InlineData("pause x -n kube-system", 2, "error: there is no LlmDeployment x in namespace kube-system: it has none; choose another with -n\n")]
    [InlineData("pause", 2, "error: Required argument missing for command: 'pause'. See kubectl llm pause --help\n")]
    [InlineData("pause support-bot --step 3", 2, "error: Unrecognized command or argument '--step'; Unrecognized command or argument '3'. See kubectl llm pause --help\n")]
    [InlineData("abort support-bot --timeout soon", 2, "error: --timeout must be a duration such as 90s, 20m or 1h30m, not 'soon'. See kubectl llm abort --help\n")]
    [InlineData("abort support-bot --as-group ops", 2, "error: --as-group goes with --as: name the user to act as\n")]
    [InlineData("status --wide", 2, "error: there is no option --wide. See kubectl llm status --help\n")]
    [InlineData("status -o wide", 2, "error: Argument 'wide' not recognized. Must be one of:\n\t'json'\n\t'yaml'. See kubectl llm status --help\n")]
    [InlineData("dashboard -o json", 2, "error: dashboard has no --output. See kubectl llm dashboard --help\n")]
    [InlineData("completion bash --output yaml", 2, "error: completion has no --output. See kubectl llm completion --help\n")]
    [InlineData("status support-bot --context nowhere", 2, "error: CONFIG has no context named \"nowhere\"; it has in-process.\n")]
    [InlineData("history support-bot 99", 2, "error: no rollout 99 of support-bot is recorded: see kubectl llm history support-bot\n")]
    public async Task What_cannot_be_is_one_sentence_and_nothing_is_written(string line, int code, string error)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var printed = await desk.RunAsync(line);
        Assert.Equal((code, "", error), (printed.Code, printed.Output, printed.Error.Replace(desk.Kubeconfig, "CONFIG", StringComparison.Ordinal)));
        Assert.Empty(desk.Server.FindAll("rolloutactions.llmops.dev"));
    }

    [Fact]
    public async Task A_cluster_that_cannot_be_reached_or_lacks_the_kinds_is_one_sentence()
    {
        await using var desk = await Desk.BeforeAsync(null);
        await desk.Server.DisposeAsync();
        var printed = await desk.RunAsync("status");
        Assert.Equal(ExitCodes.CannotAsk, printed.Code);
        Assert.Matches("^error: http://127.0.0.1:[0-9]+/ cannot be reached: Connection refused\n$", printed.Error);
    }
}
