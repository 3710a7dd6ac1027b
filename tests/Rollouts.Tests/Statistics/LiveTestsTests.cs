using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class LiveTestsTests
{
    private static readonly AnalysisPlan Analysis = new();
    private static readonly string[] Measured = [LiveTests.Errors, LiveTests.Ttft];

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
        Assert.All(LiveTests.Run(Analysis, [Row(stableSlow: [4750, 2375, 950, 475, 95], candidateSlow: [250, 125, 50, 25, 5])]), test => Assert.Equal(Measured.Contains(test.Name) ? Verdict.Pass : Verdict.NoData, test.Verdict));

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
    public void All_signals_and_the_limits_together_use_the_false_revert_probability_and_no_more()
    {
        var analysis = new AnalysisPlan(0.02) { Limits = [new("errors", null, 0.02, ""), new("ttft", "ttft:2", 0.05, "")] };
        EquatableArray<EvidenceRow> rows = [Row([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])];
        Assert.Equal(0.02, LiveTests.Run(analysis, rows).Concat(LimitTests.Run(analysis, rows)).Sum(test => Math.Exp(-test.LogThreshold)), 10);
    }

    [Theory]
    [InlineData(LiveTests.TimePerOutputToken, "more time per output token than stable's")]
    [InlineData(LiveTests.OutputTokens, "more output tokens than stable's")]
    [InlineData(LiveTests.Cost, "costlier than stable's")]
    [InlineData(LiveTests.Blocked, "blocked by a guardrail: candidate 40 of 500 (8.0%), stable 95 of 9500 (1.0%)")]
    [InlineData(LiveTests.Feedback, "rated bad by users: candidate 40 of 500 (8.0%), stable 95 of 9500 (1.0%)")]
    public void Each_signal_fails_by_itself(string name, string message)
    {
        var tests = LiveTests.Run(Analysis, [new("g1", 1, 5, With(name, new(9500, 95), [4750, 950, 95], 95), With(name, new(500, 5), [420, 220, 60], 40))]);
        var failed = Assert.Single(tests, test => test.Verdict == Verdict.Fail);
        Assert.Equal(name, failed.Name);
        Assert.Contains(message, failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LiveTests.TimePerOutputToken)]
    [InlineData(LiveTests.OutputTokens)]
    [InlineData(LiveTests.Cost)]
    [InlineData(LiveTests.Blocked)]
    [InlineData(LiveTests.Feedback)]
    public void What_is_tolerated_is_not_held_against_the_candidate(string name)
    {
        var analysis = new AnalysisPlan { Tolerance = new(TimePerOutputToken: 10, OutputTokens: 10, Cost: 10, Blocked: 10, Feedback: 10) };
        var tests = LiveTests.Run(analysis, [new("g1", 1, 5, With(name, new(9500, 95), [4750, 950, 95], 95), With(name, new(500, 5), [420, 220, 60], 40))]);
        Assert.Equal(Verdict.Pass, Assert.Single(tests, test => test.Name == name).Verdict);
        Assert.DoesNotContain(tests, test => test.Verdict == Verdict.Fail);
    }

    [Fact]
    public void Signals_that_speak_together_fail_where_none_would_alone_and_the_strongest_gets_the_blame()
    {
        // Errors alone: ln M 4.47 of 4.71; first tokens alone: ln M below 7.96 = ln(1/0.00035). The mean: 0.9 e^4.47 = 78 and 0.035 e^7.2 = 47 are above 100 together.
        var row = new EvidenceRow("g1", 1, 5, new(1900, 30, [950, 475, 190, 95, 19]), new(100, 8, [64, 56, 32, 21, 8]));
        var tests = LiveTests.Run(Analysis, [row]);
        Assert.All(tests, test => Assert.True(test.LogE < test.LogThreshold));
        Assert.Equal(LiveTests.Errors, Assert.Single(tests, test => test.Verdict == Verdict.Fail).Name);
        Assert.Contains("with the other signals", tests[0].Message, StringComparison.Ordinal);

        var withoutTtft = LiveTests.Run(Analysis, [row with { Stable = new(1900, 30), Candidate = new(100, 8) }]);
        Assert.DoesNotContain(withoutTtft, test => test.Verdict == Verdict.Fail);
    }

    [Fact]
    public void Mirrored_requests_are_compared_one_to_one_whatever_the_share_that_was_copied()
    {
        var mirrored = LiveTests.Run(Analysis, [new("g1", 1, 20, new(100, 2), new(100, 10)) { Mirrored = true }])[0];
        // The published vector (0.5, 10, 2), and the price of the onset.
        Assert.Equal(Math.Log((0.95 * Math.Exp(2.1894)) + 0.05), mirrored.LogE, 3);
    }

    [Fact]
    public void A_candidate_that_turns_bad_late_in_a_long_epoch_is_found_by_the_counts_since_an_onset()
    {
        EquatableArray<EvidenceRow> rows = [new("g1", 1, 5, new(190_000, 2_010), new(10_000, 125))];
        EquatableArray<EvidenceOnset> onsets = [new(1, 0, new(95_000, 1_000), new(5_000, 50)), new(1, 1, new(189_000, 2_000), new(9_950, 100))];
        Assert.Equal(Verdict.Pass, LiveTests.Run(Analysis, rows)[0].Verdict);
        Assert.Equal(Verdict.Fail, LiveTests.Run(Analysis, rows, onsets)[0].Verdict);
    }

    private static TrackCounts With(string name, TrackCounts counts, EquatableArray<long> levels, long single) => name switch
    {
        LiveTests.TimePerOutputToken => counts with { SlowTimePerOutputToken = levels },
        LiveTests.OutputTokens => counts with { LongOutput = levels },
        LiveTests.Cost => counts with { Costly = levels },
        LiveTests.Blocked => counts with { Blocked = single },
        _ => counts with { NegativeFeedback = single },
    };

    private static EvidenceRow Row(long[] stableSlow, long[] candidateSlow) =>
        new("g1", 1, 5, new(9500, 95, stableSlow.ToEquatableArray()), new(500, 5, candidateSlow.ToEquatableArray()));
}
