using LlmOps.Operator.Gathering.Checks;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

public sealed class CheckJudgeTests
{
    [Theory]
    // bounds: max, min, maxTimesStable; NaN for none
    [InlineData(2, double.NaN, double.NaN, 2, 9, Verdict.Pass, "candidate 2 is at most 2")]
    [InlineData(2, double.NaN, double.NaN, 2.1, 2, Verdict.Fail, "candidate 2.1 is above 2, stable 2 is not")]
    [InlineData(2, double.NaN, double.NaN, 9, 2.1, Verdict.Inconclusive, "candidate 9 is above 2, and so is stable with 2.1")]
    [InlineData(double.NaN, 10, double.NaN, 10, 1, Verdict.Pass, "candidate 10 is at least 10")]
    [InlineData(double.NaN, 10, double.NaN, 9, 10, Verdict.Fail, "candidate 9 is below 10, stable 10 is not")]
    [InlineData(double.NaN, 10, double.NaN, 9, 8, Verdict.Inconclusive, "candidate 9 is below 10, and so is stable with 8")]
    [InlineData(double.NaN, double.NaN, 1.5, 3, 2, Verdict.Pass, "candidate 3 is at most 1.5 times stable's 2")]
    [InlineData(double.NaN, double.NaN, 1.5, 3.01, 2, Verdict.Fail, "candidate 3.01 is above 1.5 times stable's 2")]
    [InlineData(double.NaN, double.NaN, 1.5, 0.001, 0, Verdict.Inconclusive, "of which a multiple says nothing")]
    [InlineData(double.NaN, double.NaN, 1.5, 0, 0, Verdict.Pass, "candidate 0 is at most 1.5 times stable's 0")]
    [InlineData(double.NaN, double.NaN, 1.5, 1, -2, Verdict.Inconclusive, "of which a multiple says nothing")]
    // An outage hits both; a candidate that it hits much harder is worse all the same.
    [InlineData(2, double.NaN, 1.5, 9, 8, Verdict.Inconclusive, "and so is stable")]
    [InlineData(2, double.NaN, 1.5, 90, 8, Verdict.Fail, "candidate 90 is above 1.5 times stable's 8")]
    [InlineData(2, 1, double.NaN, 0.5, 1.5, Verdict.Fail, "candidate 0.5 is below 1, stable 1.5 is not")]
    [InlineData(0.00000001, double.NaN, double.NaN, 0.0000000123, 0, Verdict.Fail, "candidate 1.23e-8 is above 1e-8, stable 0 is not")]
    public void A_sample_is_judged_by_its_bounds_and_by_stable(double max, double min, double times, double candidate, double stable, Verdict verdict, string says)
    {
        var judgement = CheckJudge.Judge(new(Given(max), Given(min), Given(times)), Reading.Of(candidate), Reading.Of(stable));
        Assert.Equal(verdict, judgement.Verdict);
        Assert.Contains(says, judgement.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Verdict.NoData)]
    [InlineData(Verdict.ProviderError)]
    public void A_candidate_within_absolute_bounds_passes_without_stable_and_one_outside_does_not_fail(Verdict silence)
    {
        var stable = new Reading(0, silence, "gone");
        Assert.Equal(Verdict.Pass, CheckJudge.Judge(new(2, 1, null), Reading.Of(1.5), stable).Verdict);
        Assert.Equal(silence, CheckJudge.Judge(new(2, 1, null), Reading.Of(3), stable).Verdict);
        Assert.Equal(silence, CheckJudge.Judge(new(2, 1, 1.5), Reading.Of(1.5), stable).Verdict);
        Assert.Equal(silence, CheckJudge.Judge(new(2, null, null), stable, Reading.Of(1)).Verdict);
    }

    private static double? Given(double bound) => double.IsNaN(bound) ? null : bound;
}
