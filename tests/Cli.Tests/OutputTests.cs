using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Answers for programs: every command has one in JSON and in YAML, and both say what the text says.</summary>
public sealed class OutputTests
{
    private const string Manifest = "config/samples/demo/gate.yaml";

    /// <summary>Scene, command line, exit code, and what the answer holds: a path and its JSON, separated by |.</summary>
    public static TheoryData<string, string, int, string> Commands => new()
    {
        { "canary", "status", 0, """kind="LlmDeploymentList"|items.0.metadata.name="summarizer"|items.1.status.candidate.weight=25""" },
        { "canary", "status -A", 0, """kind="LlmDeploymentList"|items.2.metadata.namespace="kube-public" """ },
        { "canary", "status support-bot", 0, """kind="LlmDeployment"|metadata.name="support-bot"|status.stable.release="3b9d56923b"|status.rollout.stepName="weight 25%" """ },
        { "canary", "status summarizer --wait", 1, """metadata.name="summarizer"|status.failedReleases.0.release="8888888888" """ },
        { "canary", "explain support-bot", 0, """name="support-bot"|reason="Holding"|verdicts.0.verdict="Inconclusive" """ },
        { "canary", "history support-bot", 0, """kind="RolloutRecordList"|items.0.spec.rollout="0c1d2e3f"|items.0.metadata.name="support-bot-0c1d2e3f"|items.1.spec.rollout="11112222"|items.2.spec.rollout="00001111"|items.2.spec.candidate.release="0ldre1ea5e" """ },
        { "canary", "history support-bot 0c1d2e3f", 0, """kind="RolloutRecord"|spec.candidate.release="deadbeef00"|spec.candidateRequests=143""" },
        { "canary", "history support-bot 00001111", 0, """kind="RolloutRecord"|spec.rollout="00001111"|spec.outcome="Promoted"|spec.maxWeight=100""" },
        { "releases", "diff support-bot", 0, """from="stab1e0000"|to="cand1dat3e"|fields.0.field="model.revision"|fields.0.to="v2"|arguments.0.sign=" "|prompt.0.text="[system]" """ },
        { "releases", "diff support-bot --exit-code", 1, """from="stab1e0000"|to="cand1dat3e" """ },
        { "canary", "eval support-bot", 0, """kind="EvalRunList"|items.0.spec.gate="support-quality"|items.0.status.verdict="Pass" """ },
        { "canary", $"lint {Manifest}", 0, """objects=1|findings.0.severity="warning"|findings.0.object="EvalGate/support-quality" """ },
        { "canary", "approve support-bot", 0, """kind="RolloutAction"|spec.action="Approve"|spec.release="a2cd4d0cdd"|status.phase="Applied" """ },
        { "canary", "promote support-bot", 0, """spec.action="Promote"|status.phase="Applied" """ },
        { "canary", "skip support-bot", 0, """spec.action="SkipStep"|spec.step=1""" },
        { "canary", "abort support-bot --reason 'no: really'", 0, """spec.action="Abort"|spec.reason="no: really" """ },
        { "canary", "retry summarizer", 0, """spec.action="Retry"|spec.deployment="summarizer" """ },
        { "canary", "rollback support-bot", 0, """spec.action="Rollback"|spec.release="0ldre1ea5e" """ },
        { "canary", "pause support-bot", 0, """spec.action="Pause"|status.message="it was done" """ },
        { "canary", "resume support-bot", 0, """spec.action="Resume"|status.phase="Applied" """ },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task An_answer_can_be_had_as_json_and_as_yaml(string scene, string line, int code, string facts)
    {
        foreach (var format in new[] { "json", "yaml" })
        {
            await using var desk = await Desk.BeforeAsync(scene);
            if (line.StartsWith("eval", StringComparison.Ordinal))
                EvalTests.Evaluator.Answers(desk, "Pass");
            else
                AnsweringOperator.Applies(desk, "it was done");
            var printed = await desk.RunAsync($"{line.Replace(Manifest, Path.Combine(Repository.Root, Manifest), StringComparison.Ordinal)} -o {format}");
            Assert.True(printed.Code == code, $"{format} {printed.Code}: {printed.Error}");
            var answer = format == "json" ? JsonNode.Parse(printed.Output) : Assert.Single(YamlJson.Documents(printed.Output));
            Assert.All(facts.Trim().Split('|'), fact => Assert.Equal(fact.Split('=', 2)[1], At(answer, fact.Split('=', 2)[0])?.ToJsonString()));
        }
    }

    [Fact]
    public void Every_command_answers_in_both_formats_or_refuses_them()
    {
        var root = CommandLine.Create(new() { Output = TextWriter.Null, Error = TextWriter.Null, Environment = _ => null, Time = TimeProvider.System });
        var answering = Commands.Select(row => ((string)row[1]).Split(' ')[0]).ToHashSet();
        Assert.Equal(["completion", "dashboard"], root.Subcommands.Select(c => c.Name).Where(name => !answering.Contains(name)).Order());
        Assert.All(new[] { "completion bash", "dashboard" }, line => Assert.Contains("has no --output", Assert.Single(root.Parse($"{line} -o json").Errors).Message, StringComparison.Ordinal));
        Assert.All(new[] { "completion bash", "dashboard" }, line => Assert.Empty(root.Parse(line).Errors));
    }

    private static JsonNode? At(JsonNode? node, string path)
    {
        foreach (var part in path.Split('.'))
            node = int.TryParse(part, CultureInfo.InvariantCulture, out var index) ? node![index] : node![part];
        return node;
    }
}
