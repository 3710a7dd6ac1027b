using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class LiveTestsTests
{
    private static readonly AnalysisPlan Analysis = new();

    [Fact]
    public void Without_rows_there_is_no_test() => Assert.Empty(LiveTests.Run(Analysis, []));

    [Fact]
    public void Errors_fail_once_the_evidence_reaches_the_threshold_and_say_so_in_numbers()
    {
        var errors = LiveTests.Run(Analysis, [new("g1", 1, 5, new(2850, 28), new(150, 12))])[0];
        Assert.Equal((LiveTests.Errors, Verdict.Fail), (errors.Name, errors.Verdict));
        Assert.True(errors.LogE >= errors.LogThreshold);
        Assert.Contains("candidate 12 of 150 (8.0%), stable 28 of 2850 (1.0%)", errors.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_rates_pass() =>
        Assert.All(LiveTests.Run(Analysis, [Row(stableSlow: [4750, 2375, 950, 475, 95], candidateSlow: [250, 125, 50, 25, 5])]), test => Assert.Equal(Verdict.Pass, test.Verdict));

    [Fact]
    public void Slow_first_tokens_fail_on_the_mean_of_the_five_thresholds()
    {
        var ttft = LiveTests.Run(Analysis, [Row(stableSlow: [4750, 2375, 950, 475, 95], candidateSlow: [420, 330, 220, 150, 60])])[1];
        Assert.Equal((LiveTests.Ttft, Verdict.Fail), (ttft.Name, ttft.Verdict));
    }

    [Fact]
    public void Slow_first_tokens_without_thresholds_are_no_data() =>
        Assert.Equal(Verdict.NoData, LiveTests.Run(Analysis, [new("g1", 1, 5, new(10, 0), new(1, 0))])[1].Verdict);

    [Fact]
    public void Slow_first_tokens_within_the_tolerance_pass() =>
        Assert.Equal(Verdict.Pass, LiveTests.Run(Analysis, [Row(stableSlow: [4750, 2375, 950, 475, 95], candidateSlow: [290, 145, 58, 29, 6])])[1].Verdict);

    [Fact]
    public void Both_tests_together_use_the_false_revert_probability_and_no_more()
    {
        var shares = LiveTests.Run(new AnalysisPlan(0.02), [Row([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])]).Sum(test => Math.Exp(-test.LogThreshold));
        Assert.Equal(0.02, shares, 10);
    }

    private static EvidenceRow Row(long[] stableSlow, long[] candidateSlow) =>
        new("g1", 1, 5, new(9500, 95, stableSlow.ToEquatableArray()), new(500, 5, candidateSlow.ToEquatableArray()));
}
