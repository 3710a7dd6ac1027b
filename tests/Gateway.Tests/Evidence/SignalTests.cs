using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Metering;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests.Evidence;

/// <summary>What one request counts for, signal by signal.</summary>
public sealed class SignalTests
{
    private static readonly LatencyLimit TtftLimit = new(LimitedLatency.Ttft, 2, "ttft:2");
    private static readonly LatencyLimit TokenLimit = new(LimitedLatency.TimePerOutputToken, 0.08, "timePerOutputToken:0.08");
    private static readonly Pricing Prices = new(1, 4, "USD");
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0.049, "0 0 0 0 0")]
    [InlineData(0.06, "1 0 0 0 0")]
    [InlineData(0.092, "1 1 0 0 0")]
    [InlineData(0.2, "1 1 1 1 1")]
    public void Slow_tokens_count_above_each_quantile_of_stable(double secondsPerToken, string counts)
    {
        var epoch = Epoch();

        epoch.Assign(candidate: true, null, streamed: true).Answered(Answer(11, secondsPerToken), null);

        Assert.Equal(counts, Above(epoch, Signal.SlowTimePerOutputToken, 5));
        Assert.Equal("0 0 0 0 0", Above(epoch, Signal.SlowTtft, 5));
    }

    [Theory]
    [InlineData(500, "0 0 0")]
    [InlineData(600, "1 0 0")]
    [InlineData(960, "1 1 0")]
    [InlineData(2000, "1 1 1")]
    public void Long_answers_count_streamed_or_whole(int tokens, string counts)
    {
        foreach (var streamed in new[] { true, false })
        {
            var epoch = Epoch();
            epoch.Assign(candidate: true, null, streamed).Answered(Answer(tokens, streamed ? 0.01 : null), null);
            Assert.Equal(counts, Above(epoch, Signal.LongOutput, 3));
            Assert.Equal("0 0 0", Above(epoch, Signal.Costly, 3));
        }
    }

    [Fact]
    public void Cost_is_tokens_times_prices_and_unknown_without_either()
    {
        // 600 output tokens and 1600 input tokens at a quarter of the price: 1000 of the dearer token.
        var costly = new AnswerMeasure(new TokenUsage(1600, 600, IsEstimated: false), null, IsWhole: true, IsBlocked: false);
        Assert.Equal(0.004, Prices.Cost(1600, 600), 9);

        Assert.Equal("1 1 0", Costly(costly, Prices));
        Assert.Equal("0 0 0", Costly(costly, null));
        Assert.Equal("0 0 0", Costly(costly with { Usage = costly.Usage with { IsEstimated = true } }, Prices));
        Assert.Equal("0 0 0", Costly(costly with { IsWhole = false }, Prices));

        static string Costly(AnswerMeasure answer, Pricing? pricing)
        {
            var epoch = Epoch();
            epoch.Assign(candidate: true, null, streamed: true).Answered(answer, pricing);
            return Above(epoch, Signal.Costly, 3);
        }
    }

    [Fact]
    public void A_short_answer_is_not_held_against_others_by_its_mean_per_token_and_counts_for_a_limit()
    {
        var epoch = Epoch();

        epoch.Assign(candidate: true, null, streamed: true).Answered(Answer(10, 0.2), null);

        Assert.Equal("0 0 0 0 0", Above(epoch, Signal.SlowTimePerOutputToken, 5));
        Assert.Equal((1, 1), (epoch.Limits.All[1].Candidate.Over, epoch.Limits.All[1].Candidate.Of));
    }

    [Fact]
    public void A_part_of_an_answer_says_how_fast_its_tokens_came_and_nothing_of_its_length()
    {
        var epoch = Epoch();

        epoch.Assign(candidate: true, null, streamed: true).Answered(Answer(5000, 0.2) with { IsWhole = false }, Prices);

        Assert.Equal("1 1 1 1 1", Above(epoch, Signal.SlowTimePerOutputToken, 5));
        Assert.Equal("0 0 0", Above(epoch, Signal.LongOutput, 3));
    }

    [Fact]
    public void Each_signal_counts_once_a_unit_and_rollout()
    {
        var events = new BadEvents();
        var (first, second) = (Epoch(events), Epoch(events, number: 2));
        foreach (var epoch in new[] { first, first, second })
        {
            var assignment = epoch.Assign(candidate: true, 7, streamed: true);
            assignment.Answered(Answer(5000, 0.2) with { IsBlocked = true }, Prices);
            assignment.CouldNotRender();
            assignment.WasUnauthorized();
            assignment.Failed(Now);
        }

        Assert.True(first.Dislike(candidate: true, 8));
        Assert.False(first.Dislike(candidate: true, 8));
        Assert.False(second.Dislike(candidate: true, 8));
        var counts = first.Candidate;
        Assert.Equal((2, 1, 1, 1, 1, 1, 1), (counts.Requests, counts.Units, counts.Errors, counts.Blocked, counts.NegativeFeedback, counts.RenderFailures, counts.Unauthorized));
        Assert.Equal(("1 1 1 1 1", "1 1 1", "1 1 1"), (Above(first, Signal.SlowTimePerOutputToken, 5), Above(first, Signal.LongOutput, 3), Above(first, Signal.Costly, 3)));
        counts = second.Candidate;
        Assert.Equal((1, 0, 0, 0, 0, 0, 0), (counts.Requests, counts.Units, counts.Errors, counts.Blocked, counts.NegativeFeedback, counts.RenderFailures, counts.Unauthorized));
        Assert.Equal("0 0 0 0 0", Above(second, Signal.SlowTimePerOutputToken, 5));
    }

    [Fact]
    public void Without_a_unit_each_request_is_one()
    {
        var epoch = Epoch();

        for (var i = 0; i < 3; i++)
            epoch.Assign(candidate: false, null, streamed: true);

        Assert.Equal((3, 3), (epoch.Stable.Requests, epoch.Stable.Units));
    }

    [Fact]
    public void Of_a_copied_request_each_side_has_its_own_first_bad_event()
    {
        var epoch = Epoch(mirrored: true);
        for (var i = 0; i < 2; i++)
        {
            epoch.Assign(candidate: false, 7, streamed: true).Failed(Now);
            epoch.Assign(candidate: true, 7, streamed: true).Failed(Now);
        }

        Assert.Equal((2, 1, 1), (epoch.Stable.Requests, epoch.Stable.Units, epoch.Stable.Errors));
        Assert.Equal((2, 1, 1), (epoch.Candidate.Requests, epoch.Candidate.Units, epoch.Candidate.Errors));
        Assert.False(epoch.Dislike(candidate: false, 9));
    }

    [Fact]
    public void Requests_that_warm_an_endpoint_up_have_no_latency_and_all_the_rest()
    {
        var epoch = Epoch();
        var assignment = epoch.Assign(candidate: true, null, streamed: true);
        assignment.LeaveOutLatency();

        Assert.False(assignment.Waited(TimeSpan.FromSeconds(60), Now));
        assignment.EndWait(TimeSpan.FromSeconds(60), hasToken: true, Now);
        assignment.Answered(Answer(5000, 0.2), Prices);
        assignment.Failed(Now);

        Assert.Equal(("0 0 0 0 0", "0 0 0 0 0"), (Above(epoch, Signal.SlowTtft, 5), Above(epoch, Signal.SlowTimePerOutputToken, 5)));
        Assert.All(epoch.Limits.All, l => Assert.Equal((0, 0), (l.Candidate.Over, l.Candidate.Of)));
        Assert.Equal("1 1 1", Above(epoch, Signal.LongOutput, 3));
        Assert.Equal(1, epoch.Candidate.Errors);
    }

    [Fact]
    public void A_wait_over_a_limit_counts_at_once_and_a_token_in_time_when_it_comes()
    {
        var epoch = Epoch();
        var (late, soon, failed) = (Assign(), Assign(), Assign());

        Assert.True(late.Waited(TimeSpan.FromSeconds(1.9), Now));
        Assert.Equal((0, 0), Limit(epoch));
        Assert.False(late.Waited(TimeSpan.FromSeconds(2.1), Now));
        Assert.Equal((1, 1), Limit(epoch));
        late.EndWait(TimeSpan.FromSeconds(9), hasToken: true, Now);
        soon.EndWait(TimeSpan.FromSeconds(1), hasToken: true, Now);
        failed.EndWait(TimeSpan.FromSeconds(1), hasToken: false, Now);

        Assert.Equal((1, 2), Limit(epoch));
        Assert.Equal((0, 0), (epoch.Limits.All[0].Stable.Over, epoch.Limits.All[0].Stable.Of));

        Assignment Assign() => epoch.Assign(candidate: true, null, streamed: true);
    }

    [Fact]
    public void Of_a_session_the_first_known_latency_is_held_against_a_limit()
    {
        var epoch = Epoch();
        foreach (var (unit, seconds) in new[] { (1UL, 1), (1UL, 9), (2UL, 9), (2UL, 9), (2UL, 1) })
            epoch.Assign(candidate: true, unit, streamed: true).EndWait(TimeSpan.FromSeconds(seconds), hasToken: true, Now);

        Assert.Equal((1, 2), Limit(epoch));
    }

    [Fact]
    public void Time_per_output_token_has_a_limit_too()
    {
        var epoch = Epoch();
        foreach (var seconds in new double?[] { 0.07, 0.09, null })
            epoch.Assign(candidate: true, null, streamed: true).Answered(Answer(10, seconds), null);

        Assert.Equal((1, 2), (epoch.Limits.All[1].Candidate.Over, epoch.Limits.All[1].Candidate.Of));
    }

    [Fact]
    public void A_status_that_changes_the_weight_without_end_keeps_the_counts_of_so_many_epochs_alone()
    {
        var ledger = new EvidenceLedger(TimeSpan.Zero, new ManualTime());
        for (var i = 0; i < 10 * RolloutEvidence.MostEpochs; i++)
            ledger.Observe(new("default", "bot"), new("r", i, 1 + (i % 2), IsMirrored: false, IsOver: false), [], new RecentAnswers(new ManualTime()), null);

        Assert.Equal(Enumerable.Range(9 * RolloutEvidence.MostEpochs, RolloutEvidence.MostEpochs), ledger.Rollouts.Single().Epochs.Select(epoch => epoch.Epoch));
    }

    [Fact]
    public void Limits_that_change_keep_their_counts_and_are_bounded()
    {
        var epoch = Epoch();
        epoch.Assign(candidate: true, null, streamed: true).EndWait(TimeSpan.FromSeconds(3), hasToken: true, Now);

        epoch.Follow([(new LatencyLimit(LimitedLatency.Ttft, 5, "ttft:5"), 2)]);
        epoch.Assign(candidate: true, null, streamed: true).EndWait(TimeSpan.FromSeconds(3), hasToken: true, Now);
        Assert.Equal(["ttft:2 1/1", "timePerOutputToken:0.08 0/0", "ttft:5 0/1"], epoch.Limits.All.Select(l => $"{l.Limit.Key} {l.Candidate.Over}/{l.Candidate.Of}"));

        epoch.Follow([(TtftLimit, 0)]);
        epoch.Assign(candidate: true, null, streamed: true).EndWait(TimeSpan.FromSeconds(3), hasToken: true, Now);
        Assert.Equal((2, 2), Limit(epoch));

        var ledger = new EvidenceLedger(TimeSpan.Zero, new ManualTime());
        for (var i = 1; i <= 40; i++)
            ledger.Observe(new("default", "bot"), new("r", 1, 50, IsMirrored: false, IsOver: false), [new LatencyLimit(LimitedLatency.Ttft, i, $"ttft:{i}")], new RecentAnswers(new ManualTime()), null);
        Assert.Equal(LatencyLimit.Most, ledger.Rollouts.Single().Epochs.Single().Limits.All.Count);
    }

    [Fact]
    public void Stable_is_held_to_the_candidates_deadline_and_fails_once()
    {
        var epoch = Epoch();
        var assignment = epoch.Assign(candidate: false, null, streamed: false, failsAfter: TimeSpan.FromSeconds(30));
        Assert.True(assignment.IsWatched);
        Assert.True(assignment.Waited(TimeSpan.FromSeconds(29), Now));
        Assert.Equal(0, epoch.Stable.Errors);

        Assert.False(assignment.Waited(TimeSpan.FromSeconds(30), Now));
        assignment.EndWait(TimeSpan.FromSeconds(40), hasToken: false, Now);
        assignment.Failed(Now);

        Assert.Equal(1, epoch.Stable.Errors);
    }

    [Fact]
    public void Memory_takes_its_first_sketch_with_the_first_value_and_forgets_after_ten_minutes()
    {
        var time = new ManualTime();
        var values = new RecentValues(time);
        Assert.Equal(0, values.Count);
        values.Record(0.5);
        time.Advance(TimeSpan.FromMinutes(6));
        values.Record(0.1);
        Assert.Equal(2, values.Count);
        Assert.InRange(values.P99(), 0.5, 0.53);

        time.Advance(TimeSpan.FromMinutes(6));
        values.Record(0.1);
        Assert.Equal(2, values.Count);
        Assert.InRange(values.P99(), 0.1, 0.106);
    }

    /// <summary>An epoch whose stable had 100 answers: 10 ms to 1 s to the first token, 1 to 100 ms a token, 10 to 1000 tokens and the same in cost.</summary>
    private static EpochEvidence Epoch(BadEvents? events = null, int number = 1, bool mirrored = false)
    {
        var stable = new RecentAnswers(new ManualTime());
        for (var i = 1; i <= 100; i++)
        {
            stable.FirstToken.Record(i * 0.01);
            stable.TimePerOutputToken.Record(i * 0.001);
            stable.OutputTokens.Record(i * 0.01);
            stable.Cost.Record(i * 0.01);
        }

        var epoch = new EpochEvidence(number, mirrored ? 0 : 50, mirrored, stable, events ?? new BadEvents());
        epoch.Follow([(TtftLimit, 0), (TokenLimit, 1)]);
        return epoch;
    }

    private static AnswerMeasure Answer(long tokens, double? secondsPerToken) => new(
        new TokenUsage(100, tokens, IsEstimated: false), secondsPerToken is { } s ? TimeSpan.FromSeconds(s * (tokens - 1)) : null, IsWhole: true, IsBlocked: false);

    private static string Above(EpochEvidence epoch, Signal signal, int thresholds) =>
        string.Join(' ', Enumerable.Range(0, thresholds).Select(i => epoch.Candidate.Above(signal, i)));

    private static (long Over, long Of) Limit(EpochEvidence epoch) => (epoch.Limits.All[0].Candidate.Over, epoch.Limits.All[0].Candidate.Of);
}
