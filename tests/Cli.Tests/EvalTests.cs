using System.Text.Json.Nodes;
using System.Xml.Linq;
using LlmOps.Cli.Eval;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Gates run by hand: what is asked for, how it is told to people, to a pull request and to a pipeline.</summary>
public sealed class EvalTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("eval");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("eval support-bot", """{"deployment":"support-bot","action":"Evaluate","release":"a2cd4d0cdd","gate":"support-quality"}""")]
    [InlineData("eval support-bot --release stable --gate other --reason 'before the demo'", """{"deployment":"support-bot","action":"Evaluate","release":"3b9d56923b","gate":"other","reason":"before the demo"}""")]
    public async Task A_gate_is_asked_for_on_the_release_that_is_there(string line, string asked)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var @operator = Evaluator.Answers(desk, "Pass");
        Assert.Equal(ExitCodes.Done, (await desk.RunAsync(line)).Code);
        Assert.Equal(asked, Assert.Single(@operator.Asked).ToJsonString());
    }

    [Theory]
    [InlineData("Pass", 0)]
    [InlineData("Fail", 1)]
    [InlineData("Inconclusive", 3)]
    [InlineData("NoData", 3)]
    [InlineData("ProviderError", 3)]
    public async Task A_pipeline_learns_the_verdict(string verdict, int code)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        Evaluator.Answers(desk, verdict);
        var printed = await desk.RunAsync("eval support-bot -o json");
        Assert.Equal(code, printed.Code);
        var list = JsonNode.Parse(printed.Output)!;
        Assert.Equal(("EvalRunList", verdict), ((string?)list["kind"], (string?)list["items"]![0]!["status"]!["verdict"]));
    }

    [Fact]
    public async Task A_result_is_told_to_people_to_a_pull_request_and_to_a_pipeline()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        Evaluator.Answers(desk, "Fail", criteria: true, cases: true);
        var (junit, markdown) = (Path.Combine(folder.FullName, "junit.xml"), Path.Combine(folder.FullName, "gates.md"));
        var printed = await desk.RunAsync($"eval support-bot --junit {junit} --markdown {markdown}");
        Assert.Equal(ExitCodes.No, printed.Code);
        Golden.Equal("eval.txt", printed.Output);
        Golden.Equal("eval.md", await File.ReadAllTextAsync(markdown));
        Golden.Equal("eval.xml", await File.ReadAllTextAsync(junit));
        var suite = XDocument.Load(junit).Root!.Element("testsuite")!;
        Assert.Equal(("3", "1", "1"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value));
    }

    [Fact]
    public async Task A_gate_that_is_not_run_is_no_success_for_anybody()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        AnsweringOperator.Refuses(desk, "there is no EvalGate other in namespace default: check the name, or create it");
        var (junit, markdown) = (Path.Combine(folder.FullName, "junit.xml"), Path.Combine(folder.FullName, "gates.md"));
        var printed = await desk.RunAsync($"eval support-bot --gate other --junit {junit} --markdown {markdown}");
        Assert.Equal((ExitCodes.No, ""), (printed.Code, printed.Output));
        Assert.Contains("gate other was refused: there is no EvalGate other", printed.Error, StringComparison.Ordinal);
        Assert.Equal("1", XDocument.Load(junit).Root!.Element("testsuite")!.Attribute("errors")!.Value);
        Assert.Contains("| other |  | **Refused** |", await File.ReadAllTextAsync(markdown), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_goes_on_is_told_where_to_look()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        Evaluator.Answers(desk, null);
        var (junit, markdown) = (Path.Combine(folder.FullName, "junit.xml"), Path.Combine(folder.FullName, "gates.md"));
        var running = desk.RunAsync($"eval support-bot --timeout 10s --junit {junit} --markdown {markdown}");
        await desk.Server.Watches.WaitForAsync(1, "evalruns.llmops.dev");
        desk.Time.Advance(TimeSpan.FromSeconds(10));
        var printed = await running.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ExitCodes.TimedOut, printed.Code);
        Assert.Contains("gate support-quality was not evaluated: evalrun support-bot-e0000000-1 has no verdict yet: it goes on", printed.Error, StringComparison.Ordinal);
        var error = Assert.Single(XDocument.Load(junit).Descendants("error"));
        Assert.Equal("TimedOut", error.Attribute("type")!.Value);
        Assert.Contains("has no verdict yet", error.Attribute("message")!.Value, StringComparison.Ordinal);
        Assert.Contains("| support-quality |  | **TimedOut** |", await File.ReadAllTextAsync(markdown), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gate_that_cannot_be_evaluated_is_an_error_beside_the_results_of_the_others()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        Evaluator.Answers(desk, "Pass");
        var (junit, markdown) = (Path.Combine(folder.FullName, "junit.xml"), Path.Combine(folder.FullName, "gates.md"));
        var printed = await desk.RunAsync($"eval support-bot --gate lost --gate support-quality -o json --junit {junit} --markdown {markdown}");
        Assert.Equal(ExitCodes.CannotAsk, printed.Code);
        Assert.Equal(["support-quality"], JsonNode.Parse(printed.Output)!["items"]!.AsArray().Select(run => (string?)run!["spec"]!["gate"]));
        Assert.Contains("gate lost was not evaluated: evalrun support-bot-lost was deleted meanwhile", printed.Error, StringComparison.Ordinal);
        Assert.Equal(["lost 1 0 1", "support-quality 1 0 0"], XDocument.Load(junit).Descendants("testsuite").Select(s => $"{s.Attribute("name")!.Value} {s.Attribute("tests")!.Value} {s.Attribute("failures")!.Value} {s.Attribute("errors")!.Value}"));
        var page = await File.ReadAllTextAsync(markdown);
        Assert.Contains("| lost |  | **Error** |", page, StringComparison.Ordinal);
        Assert.Contains("| support-quality | a2cd4d0cdd beside 3b9d56923b | **Pass** |", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Pass Pass", ExitCodes.Done)]
    [InlineData("Pass NoData", ExitCodes.Undecided)]
    [InlineData("NoData TimedOut Pass", ExitCodes.TimedOut)]
    [InlineData("TimedOut Error NoData", ExitCodes.CannotAsk)]
    [InlineData("Error TimedOut Refused", ExitCodes.No)]
    [InlineData("Error Fail", ExitCodes.No)]
    public void The_worst_of_several_gates_is_the_exit_code(string verdicts, int code) =>
        Assert.Equal(code, GateResult.ExitCode([.. verdicts.Split(' ').Select(verdict => new GateResult { Gate = "g", Verdict = verdict, Message = "m" })]));

    /// <summary>Answers an Evaluate as the operator does: with a run, which ends at once; that of the gate "lost" is deleted by somebody.</summary>
    internal static class Evaluator
    {
        public static AnsweringOperator Answers(Desk desk, string? verdict, bool criteria = false, bool cases = false) => AnsweringOperator.Applies(desk, "EvalRun support-bot-e0000000-1 runs gate support-quality", action =>
        {
            var gate = (string)action["spec"]!["gate"]!;
            var name = gate == "lost" ? "support-bot-lost" : "support-bot-e0000000-1";
            action["status"]!["evalRun"] = name;
            if (gate == "lost")
                return;
            var status = verdict is null ? [] : new JsonObject
            {
                ["phase"] = "Finished",
                ["verdict"] = verdict,
                ["message"] = "correct not worse than stable by more than 0.03: 40 of 50, stable 48 of 50",
                ["cases"] = 50,
                ["tokens"] = 12345,
                ["report"] = $"{name}-report",
                ["startedAt"] = "2026-07-01T11:58:00Z",
                ["finishedAt"] = "2026-07-01T11:59:30Z",
            };
            if (criteria)
            {
                status["criteria"] = new JsonArray(
                    Criterion("correct not worse than stable by more than 0.03", "Fail", "40 of 50, stable 48 of 50: 10 lost, 2 won (p 0.99)"),
                    Criterion("short at least 0.9", "Pass", "50 of 50 | bound 0.942"),
                    Criterion("polite at least 0.9", "Inconclusive", "45 of 50: bounds 0.81 <b> 0.95"));
            }

            desk.Server.Seed(new JsonObject
            {
                ["apiVersion"] = "llmops.dev/v1alpha1",
                ["kind"] = "EvalRun",
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
                ["spec"] = new JsonObject
                {
                    ["gate"] = gate,
                    ["gateHash"] = "g1",
                    ["deployment"] = "support-bot",
                    ["candidate"] = Target((string)action["spec"]!["release"]!),
                    ["baseline"] = Target("3b9d56923b"),
                },
                ["status"] = status,
            });
            if (cases)
                desk.Server.Seed(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = $"{name}-report", ["namespace"] = "default" }, ["data"] = new JsonObject { ["report.json"] = Report } });
        });

        private static readonly string Report = new JsonObject
        {
            ["run"] = "support-bot-e0000000-1",
            ["candidate"] = "a2cd4d0cdd",
            ["startedAt"] = "2026-07-01T11:58:00Z",
            ["finishedAt"] = "2026-07-01T11:59:30Z",
            ["worstCases"] = new JsonArray(
                Case("q-17", "Ask ```@admin``` </details> <script>alert(1)</script>\u0007", "Within 14 days.", "does not contain '14 days'"),
                Case("q-3", "I do not know.", null, "no answer | within the limit")),
        }.ToJsonString();

        private static JsonObject Criterion(string criterion, string verdict, string message) => new() { ["criterion"] = criterion, ["verdict"] = verdict, ["message"] = message };

        private static JsonObject Target(string release) => new() { ["release"] = release, ["url"] = "http://x", ["servedName"] = "support-bot" };

        private static JsonObject Case(string id, string answer, string? baseline, string why) => new() { ["id"] = id, ["metric"] = "correct", ["answer"] = answer, ["baselineAnswer"] = baseline, ["why"] = why };
    }
}
