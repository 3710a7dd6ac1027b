using LlmOps.Api;
using LlmOps.Rollouts;
using LlmOps.Rollouts.Offline;

namespace LlmOps.Operator.Controllers;

/// <summary>The verdict of an EvalRun and why.</summary>
internal sealed record RunVerdict(Verdict Verdict, string Reason, string Message)
{
    public GateOutcome? Outcome { get; init; }
}

/// <summary>Makes the verdict of a gate out of an evaluator's report. Pure.</summary>
internal static class GateVerdict
{
    public static RunVerdict Decide(EvalRun run, EvalGateSpec gate, EvaluationReport report)
    {
        if (report.Run != run.Metadata.Name || report.Candidate != run.Spec.Candidate.Release || report.Baseline != run.Spec.Baseline?.Release)
            return new(Verdict.NoData, Reasons.EvaluationFailed, $"the report is about candidate {report.Candidate} and baseline {report.Baseline ?? "none"}, not about what was asked");
        switch (report.Problem)
        {
            case { Reason: EvaluationContract.DatasetInvalid } problem:
                return new(Verdict.Inconclusive, Reasons.DatasetInvalid, $"the data set cannot be used: {problem.Message}");
            case { Reason: EvaluationContract.BudgetExceeded } problem:
                return new(Verdict.Inconclusive, Reasons.GateInconclusive, $"the budget ran out: {problem.Message}");
            case { } problem:
                return new(Verdict.ProviderError, Reasons.EvaluationFailed, $"{problem.Reason}: {problem.Message}");
        }

        var outcome = GateCriteria.Decide(Counts(report), gate.Criteria.Select(Criterion).ToEquatableArray());
        return new(outcome.Verdict, ReasonOf(outcome.Verdict), outcome.Message) { Outcome = outcome };
    }

    /// <summary>The word for a verdict that came from counts.</summary>
    public static string ReasonOf(Verdict verdict) => verdict switch
    {
        Verdict.Pass => Reasons.GatePassed,
        Verdict.Fail => Reasons.GateFailed,
        Verdict.Inconclusive => Reasons.GateInconclusive,
        _ => Reasons.EvaluationFailed,
    };

    private static EvaluationCounts Counts(EvaluationReport report) => new(
        report.Cases,
        report.CandidateErrors,
        report.BaselineErrors,
        report.Baseline is not null,
        report.Metrics.Select(metric => new MetricCounts(metric.Metric, metric.Cases, metric.Passed, metric.BaselinePassed, metric.Wins ?? 0, metric.Losses ?? 0, metric.Unanswered, metric.Undecided)).ToEquatableArray());

    private static Criterion Criterion(CriterionSpec criterion) =>
        criterion.NotWorseThanStable is { } comparison
            ? new NotWorseThanStable(criterion.Metric, comparison.Margin, comparison.Confidence ?? Defaults.Confidence)
            : new AtLeast(criterion.Metric, criterion.AtLeast ?? 1, criterion.Confidence ?? Defaults.Confidence);
}
