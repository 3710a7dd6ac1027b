using System.Text.Json;
using LlmOps.Api;
using LlmOps.Evaluator.Running;
using LlmOps.EngineEmulator;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.Testing.Recorded;
using Xunit;

namespace LlmOps.Evaluator.Tests;

/// <summary>Whole runs against emulated engines: real HTTP, real answers.</summary>
public sealed class EvaluationTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("evaluator").FullName;

    [Fact]
    public async Task Wins_and_losses_add_up_to_the_difference()
    {
        await using var candidate = await ModelAsync(accuracy: 0.9, name: "candidate");
        await using var baseline = await ModelAsync(accuracy: 0.6, name: "baseline");
        var report = await RunAsync(Gates.Plan(Gates.Contains(), candidate.Address, baseline.Address));
        var metric = Assert.Single(report.Metrics);
        Assert.Null(report.Problem);
        Assert.Equal(60, metric.Cases);
        Assert.InRange(metric.Passed, 45, 60);
        Assert.InRange(metric.BaselinePassed!.Value, 22, 50);
        Assert.Equal(metric.Passed - metric.BaselinePassed, metric.Wins - metric.Losses);
        Assert.True(report.CandidateTokens > 0 && report.BaselineTokens > 0);
        Assert.InRange(report.WorstCases.Count, 1, 10);
    }

    [Fact]
    public async Task Without_a_baseline_nothing_is_compared()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate");
        var metric = Assert.Single((await RunAsync(Gates.Plan(Gates.Contains(), candidate.Address))).Metrics);
        Assert.Equal((60, 60), (metric.Cases, metric.Passed));
        Assert.Null(metric.BaselinePassed);
        Assert.Null(metric.Wins);
    }

    [Fact]
    public async Task An_engine_that_fails_now_and_then_is_asked_again()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate", new() { Rate5xx = 0.2 });
        var report = await RunAsync(Gates.Plan(Gates.Contains(), candidate.Address));
        Assert.Equal(0, report.CandidateErrors);
        Assert.Equal(60, Assert.Single(report.Metrics).Passed);
    }

    [Fact]
    public async Task A_case_without_an_answer_is_an_error_and_not_a_wrong_answer()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate");
        var plan = Gates.Plan(Gates.Contains(), candidate.Address, servedName: "another-model");
        var report = await RunAsync(plan);
        Assert.Equal(60, report.CandidateErrors);
        Assert.Equal(0, Assert.Single(report.Metrics).Cases);
        Assert.All(report.WorstCases, c => Assert.Contains("404", c.Why, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_token_budget_ends_a_run_and_is_told()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate");
        var gate = Gates.Contains() with { Budget = new() { MaxTokens = 200 }, Concurrency = 1 };
        var report = await RunAsync(Gates.Plan(gate, candidate.Address));
        Assert.Equal(EvaluationContract.BudgetExceeded, report.Problem?.Reason);
        Assert.InRange(Assert.Single(report.Metrics).Cases, 1, 59);
    }

    [Fact]
    public async Task A_prompt_is_rendered_as_the_gateway_would()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate");
        var plan = Gates.Plan(Gates.Contains(), candidate.Address);
        plan = plan with
        {
            Candidate = plan.Candidate with
            {
                Prompt = new()
                {
                    Family = "support",
                    Version = "1.0.0",
                    Messages = [new() { Role = "system", Template = "Help." }, new() { Role = "user", Template = "Question: {{query}}" }],
                    Variables = new Dictionary<string, PromptVariable> { ["query"] = new() { Required = true } },
                },
            },
        };
        Assert.Equal(60, Assert.Single((await RunAsync(plan)).Metrics).Passed);
    }

    [Fact]
    public async Task Engines_that_ask_for_keys_get_each_its_own()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate", apiKey: "key-of-candidate");
        await using var baseline = await ModelAsync(accuracy: 1, name: "baseline", apiKey: "key-of-baseline");
        var variables = new Dictionary<string, string> { [EvaluationContract.CandidateApiKey] = "key-of-candidate", [EvaluationContract.BaselineApiKey] = "key-of-baseline" };
        var plan = Gates.Plan(Gates.Contains(), candidate.Address, baseline.Address);

        var report = await RunAsync(plan, EngineKeys.Read(variables.GetValueOrDefault));
        Assert.Equal((60, 60), (Assert.Single(report.Metrics).Passed, report.Metrics[0].BaselinePassed));

        variables[EvaluationContract.CandidateApiKey] = "another";
        report = await RunAsync(plan, EngineKeys.Read(variables.GetValueOrDefault));
        Assert.Equal((60, 0), (report.CandidateErrors, report.BaselineErrors));

        variables[EvaluationContract.CandidateApiKey] = "with a line break\n";
        report = await RunAsync(plan, EngineKeys.Read(variables.GetValueOrDefault));
        Assert.Equal(EvaluationContract.PlanInvalid, report.Problem?.Reason);
        Assert.DoesNotContain("line break\n", report.Problem!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scorer_that_cannot_be_used_is_found_before_the_first_request()
    {
        await using var candidate = await ModelAsync(accuracy: 1, name: "candidate");
        var gate = Gates.Of(new ScorerSpec { Name = "broken", Type = "regex", Pattern = "(" });
        var report = await RunAsync(Gates.Plan(gate, candidate.Address));
        Assert.Equal(EvaluationContract.PlanInvalid, report.Problem?.Reason);
        Assert.Equal(0, candidate.Stats.RequestsSeen);
    }

    /// <summary>GSM8K with the recorded answers of two real models: 515 and 286 right by the data set's labels, two rows each differ by text.</summary>
    [RecordedAnswersFact]
    public async Task Recorded_answers_of_real_models_score_as_labelled()
    {
        await using var verification = await RecordedAsync("6b_verification");
        await using var finetuning = await RecordedAsync("6b_finetuning");
        var gate = Gates.Of(new ScorerSpec { Name = "correct", Type = "equals", Extract = "A:\\s*(.*)", Expected = "answer" });
        gate = gate with { Dataset = gate.Dataset with { Input = "question" }, Concurrency = 32 };
        var report = await EvaluationJob.EvaluateAsync(
            Gates.Plan(gate, verification.Address, finetuning.Address), RecordedAnswers.File, EngineKeys.None, TimeProvider.System, TextWriter.Null, CancellationToken.None);
        var metric = Assert.Single(report.Metrics);
        Assert.Equal(1319, metric.Cases);
        Assert.InRange(metric.Passed, 513, 517);
        Assert.InRange(metric.BaselinePassed!.Value, 284, 288);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private async Task<EvaluationReport> RunAsync(EvaluationPlan plan, EngineKeys? keys = null) =>
        await EvaluationJob.EvaluateAsync(plan, Cases(), keys ?? EngineKeys.None, TimeProvider.System, TextWriter.Null, CancellationToken.None);

    private async Task<EmulatorServer> ModelAsync(double accuracy, string name, LlmOps.EngineEmulator.Behaviour.FailureProfile? failures = null, string? apiKey = null) =>
        await EmulatorServer.StartAsync(new EmulatorOptions
        {
            ServedNames = ["m"],
            ApiKey = apiKey,
            Profile = new() { Model = $"acme/{name}", Answers = new() { File = Cases(), Accuracy = accuracy }, Failures = failures ?? new() },
        });

    private static async Task<EmulatorServer> RecordedAsync(string by) =>
        await EmulatorServer.StartAsync(new EmulatorOptions
        {
            ServedNames = ["m"],
            Profile = new() { Model = "openai/gsm8k-6b", Answers = new() { File = RecordedAnswers.File, By = by } },
        });

    private string Cases()
    {
        var path = Path.Combine(directory, "cases.jsonl");
        if (!File.Exists(path))
            File.WriteAllLines(path, Enumerable.Range(0, 60).Select(i => JsonSerializer.Serialize(new { id = $"c{i}", vars = new { query = $"What is the code of item number {i}?" }, expected = new { text = $"code-{i * 7}" } })));
        return path;
    }
}
