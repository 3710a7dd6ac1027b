using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Manifests without a cluster. That schema and rules are those of the real API server is tested in tests/Api.Tests; here: files, lines, references, exit codes.</summary>
public sealed class LintTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lint");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Samples_have_no_finding_but_that_the_demo_applies_one_object_again_and_again()
    {
        var folder = Path.Combine(Repository.Root, "config", "samples");
        var printed = await RunAsync("lint", folder, "-o", "json");
        Assert.Equal(ExitCodes.Done, printed.Code);
        var report = JsonNode.Parse(printed.Output)!;
        Assert.True((int)report["objects"]! > 20);
        Assert.Equal(
            ["2-better-model.yaml", "3-worse-model.yaml", "4-unstable-model.yaml", "5-better-prompt.yaml"],
            report["findings"]!.AsArray().Where(f => (string?)f!["severity"] == "warning" && (string?)f["object"] == "LlmDeployment/support-bot" && (string?)f["field"] == "metadata.name").Select(f => Path.GetRelativePath(Path.Combine(folder, "demo"), (string)f!["file"]!)));
        Assert.Equal(4, report["findings"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("config/samples/actions", "config/samples/minimal.yaml")]
    [InlineData("config/samples/judge-gate.yaml", "config/samples/kustomization.yaml", "config/samples/demo/prompt-1.0.0.yaml")]
    [InlineData("config/samples/vllm.yaml", "config/samples/kustomization.yaml", "config/samples/demo/prompt-1.0.0.yaml", "config/samples/demo/gate.yaml", "config/samples/models.yaml")]
    [InlineData("config/samples/scarce-gpus.yaml", "config/samples/models.yaml")]
    [InlineData("config/samples/httproute.yaml")]
    [InlineData("config/samples/virtualservice.yaml")]
    [InlineData("config/samples/minimal.yaml")]
    [InlineData("config/samples/prompt-only.yaml")]
    [InlineData("config/samples/tgi.yaml")]
    public async Task A_sample_with_what_it_needs_passes_the_shipped_workflow(string path, params string[] needs)
    {
        var printed = await RunAsync(["lint", "--strict", .. needs.Prepend(path).Select(p => Path.Combine(Repository.Root, p))]);
        Assert.True(printed.Code == ExitCodes.Done, printed.Output);
    }

    [Fact]
    public async Task Examples_have_no_errors() =>
        Assert.EndsWith("5 objects, 0 errors, 6 warnings\n", (await RunAsync("lint", Path.Combine(Repository.Root, "tests", "Api.Tests", "examples"))).Output, StringComparison.Ordinal);

    [Fact]
    public async Task What_kustomize_makes_of_the_samples_passes_too()
    {
        using var kubectl = Process.Start(new ProcessStartInfo(await Tools.KubectlPathAsync(), ["kustomize", Path.Combine(Repository.Root, "config", "samples")]) { RedirectStandardOutput = true })!;
        var built = await kubectl.StandardOutput.ReadToEndAsync();
        await kubectl.WaitForExitAsync();
        Assert.Equal(0, kubectl.ExitCode);
        using var input = new StringReader(built);
        var printed = await RunAsync(input, "lint", "-", "--strict");
        Assert.Equal((ExitCodes.Done, "2 objects, 0 errors, 0 warnings\n"), (printed.Code, printed.Output));
    }

    [Theory]
    [InlineData("{disableNameSuffixHash: true}", "{}", "x: [a]", "cases.jsonl=data/all.jsonl", 0, null)]
    [InlineData("{}", "{disableNameSuffixHash: true}", "x: [a]", "data/cases.jsonl", 0, null)]
    [InlineData("{disableNameSuffixHash: true}", "{}", "x: [a]", "all.jsonl", 1, "has no key cases.jsonl")]
    [InlineData("{disableNameSuffixHash: true}", "{disableNameSuffixHash: false}", "x: [a]", "cases.jsonl", 1, "is not among these files")]
    [InlineData("{}", "{}", "x: [a]", "cases.jsonl", 1, "is not among these files")]
    [InlineData("{disableNameSuffixHash: true}", "{}", "namePrefix: a-", "cases.jsonl", 1, "is not among these files")]
    [InlineData("{disableNameSuffixHash: true}", "{}", "namespace: elsewhere", "cases.jsonl", 1, "is not among these files")]
    public async Task A_ConfigMap_of_a_kustomization_is_known_where_it_keeps_its_name(string all, string one, string more, string file, int findings, string? message)
    {
        Write("kustomization.yaml", $"kind: Kustomization\ngeneratorOptions: {all}\n{more}\nconfigMapGenerator:\n- {{name: cases, files: ['{file}'], options: {one}}}\n");
        Write("gate.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: EvalGate
            metadata: {name: quality, namespace: here}
            spec:
              dataset: {configMap: {name: cases, key: cases.jsonl}}
              scorers: [{name: correct, type: isJson}]
              criteria: [{metric: correct, atLeast: 0.9}]
            """);
        var report = JsonNode.Parse((await RunAsync("lint", folder.FullName, "-o", "json")).Output)!["findings"]!.AsArray();
        Assert.Equal(findings, report.Count);
        if (message is not null)
            Assert.Contains(message, (string?)report[0]!["message"], StringComparison.Ordinal);
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

    [Theory]
    [InlineData("httpRoute", "HTTPRoute")]
    [InlineData("virtualService", "VirtualService")]
    public async Task A_route_that_is_not_there_is_a_warning(string field, string kind)
    {
        var deployment = $$$"""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmDeployment","metadata":{"name":"bot"},"spec":{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"traffic":{"{{{field}}}":{"name":"chat"} } } }""";
        Assert.Contains($"spec.traffic.{field}.name: {kind} chat is not among these files: it must be in the cluster", (await RunAsync(new StringReader(deployment), "lint", "-")).Output, StringComparison.Ordinal);
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
