using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using LlmOps.Evaluator.Judging;
using LlmOps.Evaluator.Running;
using LlmOps.Evaluator.Scorers;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator.Reporting;

/// <summary>Counts answers into a report. A case without an answer is an error, never a wrong answer, and is never dropped silently.</summary>
internal static class ReportBuilder
{
    private const int MaxWorstCases = 10;
    private const int MaxErrored = 2;
    private const int MaxAnswerLength = 500;

    public static EvaluationReport Impossible(EvaluationPlan plan, string reason, string message, string digest, DateTimeOffset now) => new()
    {
        Run = plan.Run,
        Candidate = plan.Candidate.Release,
        Baseline = plan.Baseline?.Release,
        Problem = new() { Reason = reason, Message = message },
        DatasetDigest = digest,
        StartedAt = now,
        FinishedAt = now,
    };

    public static EvaluationReport Build(EvaluationPlan plan, Dataset dataset, int chosen, RunResult run, GradedRun graded, DateTimeOffset started, DateTimeOffset finished) => new()
    {
        Run = plan.Run,
        Candidate = plan.Candidate.Release,
        Baseline = plan.Baseline?.Release,
        Problem = (run.Exceeded ?? graded.Exceeded) is { } exceeded ? new() { Reason = EvaluationContract.BudgetExceeded, Message = exceeded } : null,
        DatasetDigest = dataset.Digest,
        DatasetCases = dataset.Cases.Count,
        Cases = chosen,
        CandidateErrors = run.Answers.Count(a => a.Candidate.Text is null),
        BaselineErrors = run.Answers.Count(a => a.Baseline is { Text: null }),
        Metrics = [.. graded.Metrics.Select(m => Metric(m, plan.Baseline is not null))],
        CandidateTokens = run.Answers.Sum(a => a.Candidate.Tokens),
        BaselineTokens = run.Answers.Sum(a => a.Baseline?.Tokens ?? 0),
        JudgeTokens = graded.JudgeTokens,
        JudgeRequests = graded.JudgeRequests,
        StartedAt = started,
        FinishedAt = finished,
        WorstCases = WorstCases(run, [.. graded.Metrics.SelectMany(m => m.Cases.Select(c => (m.Name, c)))]),
    };

    private static MetricReport Metric(GradedMetric metric, bool compared)
    {
        var scored = metric.Cases.Where(c => c.Candidate.IsScore && c.Baseline is not { IsScore: false }).ToList();
        var unanswered = metric.Cases.Count(c => c.Candidate.Kind == GradeKind.Unanswered || c.Baseline?.Kind == GradeKind.Unanswered);
        return new()
        {
            Metric = metric.Name,
            Cases = scored.Count,
            Passed = scored.Count(c => Passes(c.Candidate)),
            BaselinePassed = compared ? scored.Count(c => Passes(c.Baseline)) : null,
            Wins = compared ? scored.Count(c => Passes(c.Candidate) && !Passes(c.Baseline)) : null,
            Losses = compared ? scored.Count(c => !Passes(c.Candidate) && Passes(c.Baseline)) : null,
            Unanswered = unanswered,
            Undecided = metric.Cases.Count - scored.Count - unanswered,
        };
    }

    private static bool Passes(Grade? grade) => grade?.Kind == GradeKind.Pass;

    private static IReadOnlyList<CaseReport> WorstCases(RunResult run, IReadOnlyList<(string Metric, GradedCase Case)> graded)
    {
        var unanswered = run.Answers.Where(a => a.Candidate.Text is null).Select(a => new CaseReport
        {
            Id = a.Case.Id,
            Metric = "answered",
            Answer = string.Empty,
            BaselineAnswer = Cut(a.Baseline?.Text),
            Why = a.Candidate.Error ?? "no answer",
        });
        var errored = graded.Where(g => !g.Case.Candidate.IsScore).Select(g => Report(g.Metric, g.Case, g.Case.Candidate))
            .Concat(graded.Where(g => g.Case is { Candidate.IsScore: true, Baseline.IsScore: false }).Select(g => Report(g.Metric, g.Case, g.Case.Baseline! with { Why = $"stable's answer: {g.Case.Baseline.Why}" })));
        var wrong = graded
            .Where(g => g.Case.Candidate.Kind == GradeKind.Fail)
            .OrderBy(g => Passes(g.Case.Baseline) ? 0 : 1)
            .Select(g => Report(g.Metric, g.Case, g.Case.Candidate));
        return [.. unanswered.Take(MaxWorstCases / 2).Concat(errored.Take(MaxErrored)).Concat(wrong).Take(MaxWorstCases)];
    }

    private static CaseReport Report(string metric, GradedCase graded, Grade grade) => new()
    {
        Id = graded.Answers.Case.Id,
        Metric = metric,
        Answer = Cut(graded.Answers.Candidate.Text) ?? string.Empty,
        BaselineAnswer = Cut(graded.Answers.Baseline?.Text),
        Why = grade.Why ?? string.Empty,
    };

    private static string? Cut(string? text) => text is null ? null : Excerpt.Of(text, MaxAnswerLength);
}
