namespace LlmOps.Rollouts.Offline;

/// <summary>Makes the verdict of a gate out of counts.</summary>
/// <remarks>
/// All criteria must pass, each at its own confidence: an intersection–union test, so no correction for their number is due (Berger 1982). Fail stands
/// over NoData, NoData over Inconclusive.
/// </remarks>
public static class GateCriteria
{
    /// <summary>Share of cases without an answer, or without a score, above which the run says more about its surroundings than about the release.</summary>
    public const double MaxErroredShare = 0.02;

    public static GateOutcome Decide(EvaluationCounts counts, EquatableArray<Criterion> criteria)
    {
        if (counts.Cases == 0 || criteria.Count == 0)
        {
            return new(Verdict.NoData, counts.Cases == 0 ? "no case was run" : "the gate has no criteria", []);
        }

        var errored = Math.Min(counts.Cases, counts.CandidateErrors + counts.BaselineErrors);
        if (errored > MaxErroredShare * counts.Cases)
        {
            var message = $"{errored} of {counts.Cases} cases have no answer (candidate {counts.CandidateErrors}, stable {counts.BaselineErrors}), more than {MaxErroredShare:0%}";
            return new(Verdict.ProviderError, message, []);
        }

        var outcomes = criteria.Select(criterion => Judge(criterion, counts)).ToEquatableArray();
        var verdict = outcomes.Select(outcome => outcome.Verdict).MaxBy(Rank);
        var decisive = outcomes.Where(outcome => outcome.Verdict == verdict).Select(outcome => $"{outcome.Criterion}: {outcome.Message}");
        return new(verdict, Excerpt.Of(string.Join("; ", decisive)), outcomes);
    }

    private static CriterionOutcome Judge(Criterion criterion, EvaluationCounts counts)
    {
        var metric = counts.Metrics.FirstOrDefault(metric => metric.Metric == criterion.Metric);
        var (verdict, message) = (criterion, metric) switch
        {
            (NotWorseThanStable, _) when !counts.HasBaseline => (Verdict.Pass, "does not apply: no stable release serves beside it"),
            // A judge that is down may be back for another attempt; one that cannot be understood says the same again.
            (_, { } judged) when judged.LacksMore(judged.Unanswered) => (Verdict.NoData, $"the judge did not answer on {Share(judged, judged.Unanswered)}"),
            (_, { } judged) when judged.LacksMore(judged.Unanswered + judged.Undecided) =>
                (Verdict.Inconclusive, $"the judge gave no verdict on {Share(judged, judged.Unanswered + judged.Undecided)}: the report shows what it said, mend its prompt or take another judge"),
            (_, null or { Cases: 0 }) => (Verdict.NoData, "no case was scored"),
            (NotWorseThanStable, { BaselinePassed: null }) => (Verdict.NoData, "stable was not scored"),
            (AtLeast atLeast, _) => Absolute.Judge(atLeast, metric),
            (NotWorseThanStable comparison, _) => NonInferiority.Judge(comparison, metric),
            _ => throw new InvalidOperationException($"unknown criterion {criterion}"),
        };
        return new(criterion.ToString()!, verdict, message);
    }

    private static string Share(MetricCounts judged, int without) => $"{without} of {judged.Cases + judged.Unanswered + judged.Undecided} cases, more than {MaxErroredShare:0%}";

    private static int Rank(Verdict verdict) => verdict switch
    {
        Verdict.Pass => 0,
        Verdict.Inconclusive => 1,
        Verdict.NoData or Verdict.ProviderError => 2,
        _ => 3,
    };
}
