using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using LlmOps.Evaluator.Running;
using LlmOps.Evaluator.Scorers;

namespace LlmOps.Evaluator.Reporting;

/// <summary>Counts answers into a report. A case without an answer is an error, never a wrong answer, and is never dropped silently.</summary>
internal static class ReportBuilder
{
    private const int MaxWorstCases = 10;
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

    public static EvaluationReport Build(
        EvaluationPlan plan,
        IReadOnlyList<ReadyScorer> scorers,
        Dataset dataset,
        int chosen,
        RunResult run,
        DateTimeOffset started,
        DateTimeOffset finished)
    {
        var comparable = run.Answers.Where(a => a.Candidate.Text is not null && (a.Baseline is null || a.Baseline.Text is not null)).ToList();
        var scored = scorers.Select(s => (s.Spec.Name, Cases: comparable.Select(a => ScoredCase.Of(s, a)).ToList())).ToList();
        return new()
        {
            Run = plan.Run,
            Candidate = plan.Candidate.Release,
            Baseline = plan.Baseline?.Release,
            Problem = run.Exceeded is { } exceeded ? new() { Reason = EvaluationContract.BudgetExceeded, Message = exceeded } : null,
            DatasetDigest = dataset.Digest,
            DatasetCases = dataset.Cases.Count,
            Cases = chosen,
            CandidateErrors = run.Answers.Count(a => a.Candidate.Text is null),
            BaselineErrors = run.Answers.Count(a => a.Baseline is { Text: null }),
            Metrics = [.. scored.Select(s => Metric(s.Name, s.Cases, plan.Baseline is not null))],
            CandidateTokens = run.Answers.Sum(a => a.Candidate.Tokens),
            BaselineTokens = run.Answers.Sum(a => a.Baseline?.Tokens ?? 0),
            StartedAt = started,
            FinishedAt = finished,
            WorstCases = WorstCases(run, scored.SelectMany(s => s.Cases.Select(c => (s.Name, Case: c)))),
        };
    }

    private static MetricReport Metric(string name, IReadOnlyList<ScoredCase> cases, bool compared) => new()
    {
        Metric = name,
        Cases = cases.Count,
        Passed = cases.Count(c => c.CandidateFailure is null),
        BaselinePassed = compared ? cases.Count(c => c.BaselineFailure is null) : null,
        Wins = compared ? cases.Count(c => c.CandidateFailure is null && c.BaselineFailure is not null) : null,
        Losses = compared ? cases.Count(c => c.CandidateFailure is not null && c.BaselineFailure is null) : null,
    };

    private static IReadOnlyList<CaseReport> WorstCases(RunResult run, IEnumerable<(string Metric, ScoredCase Case)> scored)
    {
        var unanswered = run.Answers.Where(a => a.Candidate.Text is null).Select(a => new CaseReport
        {
            Id = a.Case.Id,
            Metric = "answered",
            Answer = string.Empty,
            BaselineAnswer = Cut(a.Baseline?.Text),
            Why = a.Candidate.Error ?? "no answer",
        });
        var wrong = scored
            .Where(s => s.Case.CandidateFailure is not null)
            .OrderBy(s => s.Case.Answers.Baseline is not null && s.Case.BaselineFailure is null ? 0 : 1)
            .Select(s => new CaseReport
            {
                Id = s.Case.Answers.Case.Id,
                Metric = s.Metric,
                Answer = Cut(s.Case.Answers.Candidate.Text) ?? string.Empty,
                BaselineAnswer = Cut(s.Case.Answers.Baseline?.Text),
                Why = s.Case.CandidateFailure!,
            });
        return [.. unanswered.Take(MaxWorstCases / 2).Concat(wrong).Take(MaxWorstCases)];
    }

    private static string? Cut(string? text) => text is { Length: > MaxAnswerLength } ? text[..MaxAnswerLength] : text;

    /// <summary>One case under one scorer; a failure is null where the answer passed.</summary>
    private sealed record ScoredCase(CaseAnswers Answers, string? CandidateFailure, string? BaselineFailure)
    {
        public static ScoredCase Of(ReadyScorer scorer, CaseAnswers answers) =>
            new(answers, Failure(scorer, answers.Case, answers.Candidate), answers.Baseline is { } baseline ? Failure(scorer, answers.Case, baseline) : null);

        private static string? Failure(ReadyScorer scorer, EvalCase testCase, Answer answer)
        {
            var expected = scorer.Spec.Expected is { } path ? JsonPath.Find(testCase.Body, path) : null;
            return AnswerExtraction.Extract(scorer.Extract, answer.Text!) is { } text
                ? scorer.Score(new Scored(text, expected, answer.AnswerTokens))
                : $"nothing matches {scorer.Spec.Extract}";
        }
    }
}
