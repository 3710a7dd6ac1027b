using LlmOps.Api;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.Testing.Recorded;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>
/// Real input: 1,319 GSM8K questions with the recorded answers of two real models, replayed by two emulated engines. By the data set's labels
/// the one has 515 right and the other 286; the final answer as text differs from the labels in two rows each.
/// </summary>
[Collection(ProductCollection.Name)]
public sealed class RecordedModelsTests(ProductFixture product)
{
    private const string Name = "math";

    [RecordedModelsFact]
    public async Task The_better_recorded_model_is_promoted_and_the_way_back_is_refused()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var ct = limit.Token;
        var ns = await product.NamespaceAsync(ct);
        await product.Kubectl.RunAsync(ct, "-n", ns, "create", "configmap", "gsm8k", $"--from-file=cases.jsonl={await CasesAsync(ct)}");
        await product.Kubectl.ApplyTextAsync(Gate, ns, ct);
        await product.Kubectl.ApplyTextAsync(Deployment("finetuning"), ns, ct);
        await using var recorder = new DeploymentRecorder(product.Client, ns, Name, TimeProvider.System);
        var first = await recorder.WaitAsync("the fine-tuned model to serve", s => s.Stable is { ReadyReplicas: > 0 }, ProductFixture.Patience, ct);

        await product.Kubectl.ApplyTextAsync(Deployment("verification"), ns, ct);
        var better = await recorder.WaitAsync("the better model to be promoted", s => s.Candidate is null && s.Stable?.Revision == "verification", ProductFixture.Patience, ct);
        var run = await RunAsync(ns, better.Status!.Rollout!.Release, ct);
        Assert.Equal(Verdicts.Pass, run.Status!.Verdict);
        var score = Assert.Single(run.Status.Scores!);
        Assert.Equal(1319, score.Cases);
        Assert.InRange(score.Passed, 513, 517);
        Assert.InRange(score.BaselinePassed!.Value, 284, 288);

        await product.Kubectl.ApplyTextAsync(Deployment("finetuning"), ns, ct);
        var refused = await recorder.WaitAsync(
            "the way back to be refused", s => s.Candidate is null && s.Rollout?.Id != better.Status.Rollout.Id && s.Rollout?.Phase == "Reverted", ProductFixture.Patience, ct);
        Assert.Equal("verification", refused.Status!.Stable!.Revision);
        Assert.Equal(Reasons.GateFailed, refused.Status.Rollout!.Reason);
        Assert.Contains(refused.Status.FailedReleases!, f => f.Release == first.Status!.Stable!.Release);
        var reverse = Assert.Single((await RunAsync(ns, first.Status!.Stable!.Release, refused.Status.Rollout.Id, ct)).Status!.Scores!);
        Assert.InRange(reverse.Passed, 284, 288);
        Assert.InRange(reverse.BaselinePassed!.Value, 513, 517);
        await product.Client.DeleteAsync<Namespace>(new(string.Empty, ns), ct: ct);
    }

    private async Task<EvalRun> RunAsync(string ns, string release, CancellationToken ct) =>
        (await product.Client.ListAsync<EvalRun>(ns, ct: ct)).Items.Single(r => r.Spec.Candidate.Release == release);

    private async Task<EvalRun> RunAsync(string ns, string release, string rollout, CancellationToken ct) =>
        (await product.Client.ListAsync<EvalRun>(ns, ct: ct)).Items.Single(r => r.Spec.Candidate.Release == release && r.Spec.Rollout == rollout);

    /// <summary>Question and answer of each case; the recorded answers stay out, they are the engines' business.</summary>
    private static async Task<string> CasesAsync(CancellationToken ct)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("gsm8k").FullName, "cases.jsonl");
        await File.WriteAllLinesAsync(
            path,
            File.ReadLines(RecordedAnswers.File).Select(line =>
            {
                var row = System.Text.Json.Nodes.JsonNode.Parse(line)!;
                return new System.Text.Json.Nodes.JsonObject
                {
                    ["id"] = row["id"]!.ToString(),
                    ["question"] = row["question"]!.DeepClone(),
                    ["answer"] = row["answer"]!.DeepClone(),
                }.ToJsonString();
            }),
            ct);
        return path;
    }

    /// <summary>Models that the emulator plays here: the test bed's own variable, handed on as a user hands on an engine's.</summary>
    private static readonly string Catalog = Path.Combine(LlmOps.LocalCluster.Workspace.Repository, "tests", "EngineEmulator", "catalog", "gsm8k.json");

    private const string Gate = """
        apiVersion: llmops.dev/v1alpha1
        kind: EvalGate
        metadata: {name: final-answer}
        spec:
          dataset: {configMap: {name: gsm8k, key: cases.jsonl}, input: question}
          scorers: [{name: correct, type: equals, extract: 'A:\s*(.*)', expected: answer}]
          criteria: [{metric: correct, notWorseThanStable: {margin: 0.03}}]
          concurrency: 32
        """;

    private static string Deployment(string revision) => $$"""
        apiVersion: llmops.dev/v1alpha1
        kind: LlmDeployment
        metadata: {name: {{Name}}}
        spec:
          model: {source: hf://openai/gsm8k-6b, revision: {{revision}}}
          engine:
            type: vLLM
            env:
            - name: EMULATOR_CATALOG
              value: {{Catalog}}
          resources:
            gpu: {count: 1}
          rollout:
            steps: [{gate: final-answer}]
            scaleDownDelay: 1s
        """;
}

/// <summary>Runs on the real API server where the recorded answers lie beside the repository.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RecordedModelsFactAttribute : FactAttribute
{
    public RecordedModelsFactAttribute() => Skip = RealApiServerFactAttribute.IsAvailable ? RecordedAnswers.Missing : new RealApiServerFactAttribute().Skip;
}
