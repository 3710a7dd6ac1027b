using LlmOps.Rollouts.Offline;
using Xunit;

namespace LlmOps.Rollouts.Tests.Offline;

public sealed class GateCriteriaTests
{
    [Theory]
    [InlineData(479, Verdict.Pass)]
    [InlineData(478, Verdict.Inconclusive)]
    [InlineData(470, Verdict.Inconclusive)]
    [InlineData(469, Verdict.Fail)]
    public void Threshold_is_held_against_the_lower_bound(int passed, Verdict verdict) =>
        Assert.Equal(verdict, Decide(Counts(new MetricCounts("correct", 500, passed)), new AtLeast("correct", 0.94)).Verdict);

    [Theory]
    [InlineData(20, 30, 0.05, Verdict.Pass)]
    [InlineData(20, 30, 0.04, Verdict.Inconclusive)]
    [InlineData(20, 30, 0.02, Verdict.Fail)]
    [InlineData(12, 40, 0.05, Verdict.Fail)]
    [InlineData(12, 40, 0.20, Verdict.Pass)]
    [InlineData(40, 12, 0.01, Verdict.Pass)]
    public void Non_inferiority_passes_when_shown_fails_when_worse_and_else_is_inconclusive(int wins, int losses, double margin, Verdict verdict) =>
        Assert.Equal(verdict, Decide(Paired(500, wins, losses), new NotWorseThanStable("correct", margin)).Verdict);

    [Fact]
    public void Recorded_answers_of_a_better_model_pass_and_the_reverse_is_refused()
    {
        // GSM8K, 1,319 questions: 515 right against 286, of which 222 by both.
        var better = new MetricCounts("correct", 1319, 515, 286, Wins: 293, Losses: 64);
        var worse = new MetricCounts("correct", 1319, 286, 515, Wins: 64, Losses: 293);
        var criterion = new NotWorseThanStable("correct", 0.03);
        Assert.Equal(Verdict.Pass, Decide(Counts(better), criterion).Verdict);
        var refused = Decide(Counts(worse), criterion);
        Assert.Equal(Verdict.Fail, refused.Verdict);
        Assert.Contains("candidate 286, stable 515 of 1319; difference -17.4", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_margin_that_the_cases_cannot_show_is_named_in_the_message()
    {
        var outcome = Decide(Paired(50, 2, 2), new NotWorseThanStable("correct", 0.01));
        Assert.Equal(Verdict.Inconclusive, outcome.Verdict);
        Assert.Contains("50 cases can show a margin of 9.9 points at best", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("McNemar mid-p", outcome.Message, StringComparison.Ordinal);
    }

    /// <summary>A judge that is down may be up for the next attempt; one that is not understood waits for a person. Neither is a pass, however good the rest is.</summary>
    [Theory]
    [InlineData(0, 0, Verdict.Pass)]
    [InlineData(5, 5, Verdict.Pass)]
    [InlineData(5, 6, Verdict.Inconclusive)]
    [InlineData(0, 500, Verdict.Inconclusive)]
    [InlineData(11, 0, Verdict.NoData)]
    [InlineData(11, 20, Verdict.NoData)]
    public void Too_many_cases_without_a_judges_verdict_are_no_pass(int unanswered, int undecided, Verdict verdict)
    {
        var judged = new MetricCounts("faithful", 500 - unanswered - undecided, 500 - unanswered - undecided, 500 - unanswered - undecided, Unanswered: unanswered, Undecided: undecided);
        var outcome = Decide(Counts(judged), new NotWorseThanStable("faithful", 0.03));
        Assert.Equal(verdict, outcome.Verdict);
        if (verdict != Verdict.Pass)
            Assert.Contains($"{(verdict == Verdict.NoData ? unanswered : unanswered + undecided)} of 500 cases, more than 2%", outcome.Message, StringComparison.Ordinal);
        Assert.Equal(verdict, Decide(Counts(judged), new AtLeast("faithful", 0.5)).Verdict);
    }

    [Fact]
    public void What_a_judge_did_not_say_hides_no_other_failure()
    {
        var judged = new MetricCounts("faithful", 0, 0, 0, Unanswered: 500);
        Assert.Equal(Verdict.Fail, Decide(Counts(judged, new MetricCounts("correct", 500, 100)), new AtLeast("faithful", 0.5), new AtLeast("correct", 0.9)).Verdict);
    }

    [Fact]
    public void Every_criterion_must_pass_and_a_failed_one_decides()
    {
        var counts = Counts(new MetricCounts("correct", 500, 495, 495), new MetricCounts("json", 500, 300, 300));
        var outcome = Decide(counts, new AtLeast("correct", 0.9), new NotWorseThanStable("json", 0.05), new AtLeast("json", 0.9));
        Assert.Equal([Verdict.Pass, Verdict.Pass, Verdict.Fail], outcome.Criteria.Select(criterion => criterion.Verdict));
        Assert.Equal(Verdict.Fail, outcome.Verdict);
        Assert.StartsWith("json at least 0.9: 300 of 500 passed (60.0%)", outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, 4, Verdict.Pass)]
    [InlineData(6, 5, Verdict.ProviderError)]
    [InlineData(11, 0, Verdict.ProviderError)]
    public void More_than_two_per_cent_without_an_answer_is_no_verdict_on_the_release(int candidateErrors, int baselineErrors, Verdict verdict)
    {
        var counts = new EvaluationCounts(500, candidateErrors, baselineErrors, true, [new("correct", 489, 489, 489)]);
        Assert.Equal(verdict, Decide(counts, new AtLeast("correct", 0.9)).Verdict);
    }

    [Fact]
    public void A_first_release_has_nothing_to_be_compared_with()
    {
        var counts = new EvaluationCounts(100, 0, 0, false, [new("correct", 100, 99)]);
        var outcome = Decide(counts, new NotWorseThanStable("correct", 0.03), new AtLeast("correct", 0.9));
        Assert.Equal(Verdict.Pass, outcome.Verdict);
        Assert.Contains("does not apply", outcome.Criteria[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_counted_is_no_data_and_never_a_pass()
    {
        var criterion = new AtLeast("correct", 0);
        Assert.Equal(Verdict.NoData, Decide(new EvaluationCounts(0, 0, 0, true, []), criterion).Verdict);
        Assert.Equal(Verdict.NoData, Decide(Counts(new MetricCounts("json", 500, 500)), criterion).Verdict);
        Assert.Equal(Verdict.NoData, Decide(Counts(new MetricCounts("correct", 0, 0)), criterion).Verdict);
        Assert.Equal(Verdict.NoData, Decide(Counts(new MetricCounts("correct", 500, 500)), new NotWorseThanStable("correct", 0.03)).Verdict);
        Assert.Equal(Verdict.NoData, GateCriteria.Decide(Counts(), []).Verdict);
    }

    private static GateOutcome Decide(EvaluationCounts counts, params Criterion[] criteria) => GateCriteria.Decide(counts, criteria.ToEquatableArray());

    private static EvaluationCounts Counts(params MetricCounts[] metrics) => new(500, 0, 0, true, metrics.ToEquatableArray());

    private static EvaluationCounts Paired(int cases, int wins, int losses) =>
        Counts(new MetricCounts("correct", cases, (cases / 2) + wins, (cases / 2) + losses, wins, losses));
}
