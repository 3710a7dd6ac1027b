using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>A gate in which another LlmDeployment scores: evaluator Job, engines and API server are real, the judge is an engine that minds padding.</summary>
[Collection(ProductCollection.Name)]
public sealed class JudgeTests(ProductFixture product)
{
    private const string Steps = "[{gate: support-judged}]";

    private const string Judge = """
        apiVersion: llmops.dev/v1alpha1
        kind: PromptVersion
        metadata: {name: padding-judge-1.0.0}
        spec:
          family: padding-judge
          version: 1.0.0
          messages:
          - {role: system, template: "pass: every sentence of the answer is about the question. fail: one is not."}
          - {role: user, template: "Question: {{input}}\nAnswer: {{output}}"}
          variables:
            input: {required: true, trust: untrusted}
            output: {required: true, trust: untrusted}
        ---
        apiVersion: llmops.dev/v1alpha1
        kind: EvalGate
        metadata: {name: support-judged}
        spec:
          dataset: {configMap: {name: support-questions, key: cases.jsonl}}
          scorers:
          - {name: correct, type: contains, expected: expected.text}
          - {name: toThePoint, type: judge, judge: {model: judge, prompt: padding-judge-1.0.0, onlyIfPassed: [correct]}}
          criteria:
          - {metric: correct, atLeast: 0.7}
          - {metric: toThePoint, notWorseThanStable: {margin: 0.15}}
          sample: {size: 60}
          concurrency: 16
        ---
        apiVersion: llmops.dev/v1alpha1
        kind: LlmDeployment
        metadata: {name: judge}
        spec:
          model: {source: hf://acme/judge-14b}
          engine: {type: vLLM}
          resources: {gpu: {count: 1, product: NVIDIA-H100-80GB-HBM3} }
        """;

    [RealApiServerFact]
    public async Task A_candidate_that_only_a_judge_minds_fails_its_gate_and_one_that_it_does_not_mind_passes()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);

        // The judge comes after the rollout that needs it.
        await scene.ApplyAsync(new() { Revision = "v5-padded", Steps = Steps }, ct);
        var padded = (await scene.UntilAsync("the rollout to begin", s => s.Candidate?.Revision == "v5-padded", ct)).Rollout!.Id;
        await ApplyAsync(scene, Judge, ct);
        var failed = await scene.UntilEndedAsync(padded, ct);
        Assert.Equal(("Reverted", Reasons.GateFailed, 0), (failed.Outcome, failed.Reason, failed.MaxWeight));

        await scene.ApplyAsync(new() { Revision = "v2", Steps = Steps }, ct);
        await scene.UntilAsync("v2 to be promoted", s => s is { Candidate: null, Stable.Revision: "v2" }, ct);

        var runs = (await scene.ListAsync<EvalRun>(ct)).Where(run => run.Spec.Gate == "support-judged").ToList();
        var (bad, good) = (runs.Single(run => run.Spec.Rollout == padded), runs.Single(run => run.Spec.Rollout != padded));
        Assert.Equal([Verdicts.Pass, Verdicts.Fail], bad.Status!.Criteria!.Select(criterion => criterion.Verdict));
        Assert.Equal([Verdicts.Pass, Verdicts.Pass], good.Status!.Criteria!.Select(criterion => criterion.Verdict));
        var (correct, toThePoint) = (bad.Status.Scores![0], bad.Status.Scores[1]);
        Assert.Equal((0, correct.BaselinePassed, null), (toThePoint.Passed, toThePoint.BaselinePassed, toThePoint.Errored));
        Assert.Equal((correct.Passed + correct.BaselinePassed, true), (bad.Status.JudgeRequests, bad.Status.JudgeTokens > 0 && bad.Status.Tokens > bad.Status.JudgeTokens));
        var report = await product.Client.GetAsync<ConfigMap>(new(scene.Namespace, bad.Status.Report!), ct);
        var worst = JsonSerializer.Deserialize(report!.Data![EvaluationContract.ReportKey], ApiJson.Default.EvaluationReport)!.WorstCases;
        Assert.Contains(worst, one => one is { Metric: "toThePoint", Why: "The last sentence says nothing about the question." });
    }

    private static async Task ApplyAsync(Scene scene, string manifests, CancellationToken ct)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, "judge.yaml");
        await File.WriteAllTextAsync(file, manifests, ct);
        await scene.KubectlAsync(ct, "apply", "-f", file);
    }
}
