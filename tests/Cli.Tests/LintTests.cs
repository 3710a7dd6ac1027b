using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Manifests without a cluster. That schema and rules are those of the real API server is tested in tests/Api.Tests; here: files, lines, references, exit codes.</summary>
public sealed class LintTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lint");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Samples_and_examples_have_no_errors()
    {
        foreach (var path in new[] { "config/samples", "tests/Api.Tests/examples" })
        {
            var printed = await RunAsync("lint", Path.Combine(Repository.Root, path));
            Assert.True(printed.Code == ExitCodes.Done, printed.Output);
            Assert.Contains(" objects, 0 errors, ", printed.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Each_finding_has_its_file_line_object_and_field()
    {
        Write("bot.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: LlmDeployment
            metadata:
              name: bot
            spec:
              model:
                source: hf://acme/bot
              engine:
                type: vLLM
              prompt:
                name: bot-1.0.0
              rollout:
                steps:
                  - gate: quality
                  - weight: 25
                  - weight: 5
              autoscaling:
                min: 4
                max: 3
            ---
            apiVersion: llmops.dev/v1alpha1
            kind: LlmDeployment
            metadata: {name: other}
            spec:
              model: {source: "hf://acme/bot"}
              engine: {type: vLLM, imagine: x}
            """);
        Write("gate.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: EvalGate
            metadata: {name: qualities}
            spec:
              dataset: {configMap: {name: cases, key: cases.json}}
              scorers: [{name: correct, type: isJson}]
              criteria: [{metric: correct, atLeast: 0.9}]
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: cases}
            data: {cases.jsonl: "{}"}
            """);
        Write("prompt.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: PromptVersion
            metadata: {name: bot-1.0.0}
            spec:
              family: bot
              version: 1.0.0
              messages:
                - {role: system, template: "Be brief, {{name}}."}
            """);
        Write("broken.yaml", "a: [1\n");
        var printed = await RunAsync("lint", folder.FullName);
        Assert.Equal(ExitCodes.No, printed.Code);
        Golden.Equal("lint.txt", printed.Output.Replace(folder.FullName, "FOLDER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_judge_that_cannot_judge_is_found_before_anything_is_applied()
    {
        Write("judge.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: EvalGate
            metadata: {name: quality}
            spec:
              dataset: {configMap: {name: cases, key: cases.jsonl}}
              scorers:
              - {name: faithful, type: judge, judge: {model: bot, prompt: rubric-1.0.0}}
              - {name: polite, type: judge, judge: {model: judge, prompt: rubric-2.0.0}}
              criteria: [{metric: faithful, atLeast: 0.9}]
            ---
            apiVersion: llmops.dev/v1alpha1
            kind: PromptVersion
            metadata: {name: rubric-1.0.0}
            spec:
              family: rubric
              version: 1.0.0
              messages: [{role: user, template: "Is it good?"}]
              parameters: {temperature: 0.7}
            ---
            apiVersion: llmops.dev/v1alpha1
            kind: LlmDeployment
            metadata: {name: bot}
            spec:
              model: {source: "hf://acme/bot"}
              engine: {type: vLLM}
              rollout: {steps: [{gate: quality}]}
            """);
        var printed = await RunAsync("lint", folder.FullName);
        Assert.Equal(ExitCodes.No, printed.Code);
        Golden.Equal("lint-judge.txt", printed.Output.Replace(folder.FullName, "FOLDER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Warnings_fail_only_where_they_are_to_and_the_answer_can_be_json()
    {
        const string action = """{"apiVersion":"llmops.dev/v1alpha1","kind":"RolloutAction","metadata":{"generateName":"abort-"},"spec":{"deployment":"bot","action":"Abort"}}""";
        Write("action.json", action);
        Assert.Equal(ExitCodes.Done, (await RunAsync("lint", folder.FullName)).Code);
        Assert.Equal(ExitCodes.No, (await RunAsync("lint", folder.FullName, "--strict")).Code);
        var report = JsonNode.Parse((await RunAsync("lint", folder.FullName, "-o", "json")).Output)!;
        Assert.Equal((1, "warning", "spec.deployment"), ((int)report["objects"]!, (string?)report["findings"]![0]!["severity"], (string?)report["findings"]![0]!["field"]));
        Assert.Contains("LlmDeployment bot is not among these files", (await RunAsync(new StringReader(action), "lint", "-")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_cannot_be_asked_about()
    {
        var printed = await RunAsync("lint", "nowhere.yaml");
        Assert.Equal((ExitCodes.CannotAsk, "error: there is no file or folder nowhere.yaml\n"), (printed.Code, printed.Error));
    }

    private static Task<Printed> RunAsync(params string[] words) => RunAsync(TextReader.Null, words);

    private static async Task<Printed> RunAsync(TextReader input, params string[] words)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await CommandLine.RunAsync(words, new() { Output = output, Error = error, Input = input, Environment = _ => null, Time = TimeProvider.System });
        return new(code, output.ToString(), error.ToString());
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(folder.FullName, file), text);
}
