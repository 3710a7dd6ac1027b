namespace LlmOps.Rollouts.Offline;

/// <summary>What an evaluation counted.</summary>
/// <param name="Cases">Cases that were tried.</param>
/// <param name="CandidateErrors">Cases without an answer of the candidate after all retries.</param>
/// <param name="BaselineErrors">Cases without an answer of the baseline after all retries.</param>
/// <param name="HasBaseline">False for a first release: there is nothing to compare with.</param>
public sealed record EvaluationCounts(int Cases, int CandidateErrors, int BaselineErrors, bool HasBaseline, EquatableArray<MetricCounts> Metrics);

/// <summary>Counts of one metric over the cases that both sides answered (or the candidate alone, without a baseline).</summary>
/// <param name="Cases">Cases scored.</param>
/// <param name="Passed">Cases that the candidate passed.</param>
/// <param name="BaselinePassed">Cases that the baseline passed; null without one.</param>
/// <param name="Wins">Cases that only the candidate passed.</param>
/// <param name="Losses">Cases that only the baseline passed.</param>
/// <param name="Unanswered">Further cases, about which a model that scores did not answer.</param>
/// <param name="Undecided">Further cases, about which it answered without a verdict.</param>
public sealed record MetricCounts(string Metric, int Cases, int Passed, int? BaselinePassed = null, int Wins = 0, int Losses = 0, int Unanswered = 0, int Undecided = 0)
{
    /// <summary>Whether more cases lack a score than a verdict may leave out.</summary>
    public bool LacksMore(int without) => without > GateCriteria.MaxErroredShare * (Cases + Unanswered + Undecided);
}

/// <summary>Verdict of a gate.</summary>
public sealed record GateOutcome(Verdict Verdict, string Message, EquatableArray<CriterionOutcome> Criteria);

/// <summary>Outcome of one criterion.</summary>
/// <param name="Criterion">The criterion in words.</param>
/// <param name="Message">The numbers: estimate, bounds, test statistic, p-value.</param>
public sealed record CriterionOutcome(string Criterion, Verdict Verdict, string Message);
