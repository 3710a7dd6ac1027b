using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Evaluator.Judging;
using LlmOps.Evaluator.Scorers;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator.Running;

/// <summary>A scorer ready for use: a function, or a judge to ask.</summary>
/// <param name="Score">Null where a judge scores.</param>
/// <param name="Judge">Null where a function scores.</param>
internal sealed record ReadyScorer(ScorerSpec Spec, Regex? Extract, Score? Score, ReadyJudge? Judge);

/// <summary>A release ready to be asked.</summary>
/// <param name="ApiKey">What its engine asks for; null where it asks for nothing.</param>
internal sealed record ReadyTarget(EvaluationTarget Target, CompiledPrompt? Prompt, SecretToken? ApiKey = null);

/// <summary>All of a plan that can be worked out before the first request.</summary>
internal sealed record RunSetup
{
    public required EvalGateSpec Gate { get; init; }

    public required ReadyTarget Candidate { get; init; }

    public ReadyTarget? Baseline { get; init; }

    public required IReadOnlyList<ReadyScorer> Scorers { get; init; }

    /// <summary>Why the plan cannot be run; null where it can.</summary>
    public string? Problem { get; init; }

    public static RunSetup Create(EvaluationPlan plan, EngineKeys keys)
    {
        var problems = new List<string>();
        var setup = new RunSetup
        {
            Gate = plan.Gate,
            Candidate = Ready(plan.Candidate, keys.Candidate, problems),
            Baseline = plan.Baseline is null ? null : Ready(plan.Baseline, keys.Baseline, problems),
            Scorers = [.. plan.Gate.Scorers.Select(s => Ready(s, plan, keys, problems)).OfType<ReadyScorer>()],
        };
        return problems.Count == 0 ? setup : setup with { Problem = string.Join("; ", problems) };
    }

    private static ReadyTarget Ready(EvaluationTarget target, SecretToken? key, List<string> problems)
    {
        if (key?.Problem is { } problem)
            problems.Add($"the API key of release {target.Release}: {problem}");
        if (target.Prompt is null)
            return new(target, null, key);
        var compiled = PromptRenderer.Compile(target.Prompt);
        problems.AddRange(compiled.Problems);
        return new(target, compiled.Prompt, key);
    }

    private static ReadyScorer? Ready(ScorerSpec spec, EvaluationPlan plan, EngineKeys keys, List<string> problems)
    {
        try
        {
            var extract = spec.Extract is null ? null : Patterns.Compile(spec.Name, "extract", spec.Extract);
            return spec.Type == ScorerTypes.Judge ? new(spec, extract, null, Judge(spec, plan, keys)) : new(spec, extract, ScorerRegistry.Create(spec), null);
        }
        catch (ArgumentException e)
        {
            problems.Add(e.Message);
            return null;
        }
    }

    /// <exception cref="ArgumentException">Nobody judges, or not with this prompt or key.</exception>
    private static ReadyJudge Judge(ScorerSpec spec, EvaluationPlan plan, EngineKeys keys)
    {
        var (index, judge) = plan.Judges.Index().FirstOrDefault(j => j.Item.Scorer == spec.Name);
        if (judge is null)
            throw new ArgumentException($"the plan has no judge for scorer {spec.Name}: operator and evaluator are of different versions");
        var problems = JudgeRubric.Problems(judge.Prompt, spec);
        if (problems.Count > 0)
            throw new ArgumentException($"the prompt of scorer {spec.Name}: {string.Join("; ", problems)}");
        if (keys.Judge(index) is { Problem: { } problem })
            throw new ArgumentException($"the API key of the judge of scorer {spec.Name}: {problem}");
        return new(judge, PromptRenderer.Compile(judge.Prompt).Prompt!, keys.Judge(index));
    }
}
