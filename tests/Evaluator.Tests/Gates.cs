using LlmOps.Api;

namespace LlmOps.Evaluator.Tests;

internal static class Gates
{
    public static EvalGateSpec Contains() => Of(new ScorerSpec { Name = "correct", Type = "contains", Expected = "expected.text" });

    public static EvalGateSpec Of(params ScorerSpec[] scorers) => new()
    {
        Dataset = new() { ConfigMap = new() { Name = "cases", Key = "cases.jsonl" } },
        Scorers = scorers,
        Criteria = [new() { Metric = scorers[0].Name, AtLeast = 0.5 }],
        Concurrency = 16,
    };

    public static EvaluationPlan Plan(EvalGateSpec gate, Uri candidate, Uri? baseline = null, string servedName = "m") => new()
    {
        Run = "run",
        Gate = gate,
        Candidate = new() { Release = "cand", Url = candidate.ToString(), ServedName = servedName },
        Baseline = baseline is null ? null : new() { Release = "base", Url = baseline.ToString(), ServedName = servedName },
    };
}
