using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class HoldClockTests
{
    private static readonly ObjectKey Key = new("ns", "bot");
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private readonly ManualTime time = new(Start);
    private readonly ServerClock server;
    private readonly HoldClock clock;

    public HoldClockTests() => clock = new(server = new(time, NullLogger.Instance));

    [Fact]
    public void A_hold_whose_status_came_late_counts_from_when_it_was_seen()
    {
        Correct(epoch: 1, hold: null, at: 0);
        Assert.Equal(Start.AddSeconds(5), Correct(epoch: 2, hold: 1, at: 5));
        // Also as long as the status does not say so, and not from then on again.
        Assert.Equal(Start.AddSeconds(5), Correct(epoch: 2, hold: 1, at: 9));
        Assert.Equal(Start.AddSeconds(5), Correct(epoch: 2, hold: 5, at: 10));
        // A pause that ended moved it.
        Assert.Equal(Start.AddSeconds(20), Correct(epoch: 2, hold: 20, at: 21));
    }

    [Fact]
    public void A_hold_is_not_shorter_by_more_than_half_a_second()
    {
        Correct(epoch: 1, hold: null, at: 0);
        Assert.Equal(Start.AddSeconds(1.8), Correct(epoch: 2, hold: 1, at: 1.8));
    }

    [Fact]
    public void A_hold_that_was_seen_soon_stays_as_it_is()
    {
        Correct(epoch: 1, hold: null, at: 0);
        Assert.Equal(Start.AddSeconds(1), Correct(epoch: 2, hold: 1, at: 1.4));
        Assert.Equal(Start.AddSeconds(1), Correct(epoch: 2, hold: 1, at: 60));
    }

    [Fact]
    public void A_hold_that_began_before_this_process_is_believed()
    {
        Assert.Equal(Start.AddSeconds(1), Correct(epoch: 2, hold: 1, at: 60));
        Assert.Equal(Start.AddSeconds(1), Correct(epoch: 2, hold: 1, at: 61));
        clock.Forget(Key);
        Assert.Equal(Start.AddSeconds(1), Correct(epoch: 3, hold: 1, at: 62));
    }

    [Fact]
    public void A_clock_that_is_set_meanwhile_makes_no_hold_shorter()
    {
        Correct(epoch: 1, hold: null, at: 0);
        Assert.Equal(Start.AddSeconds(1), Correct(epoch: 2, hold: 1, at: 1));
        Assert.Equal(Start.AddSeconds(301), Correct(epoch: 2, hold: 1, at: 11, set: 300));
        Assert.Equal(Start.AddSeconds(301), Correct(epoch: 2, hold: 301, at: 12, set: 300));
        Assert.Equal(Start.AddSeconds(301), Correct(epoch: 2, hold: 301, at: 13, set: 0));
    }

    [Fact]
    public void A_hold_that_began_before_this_process_is_longer_by_what_it_may_be_wrong_about_the_time()
    {
        var receivedAt = time.GetTimestamp();
        server.Observe(time.GetUtcNow().AddSeconds(300), receivedAt - (2 * time.TimestampFrequency), receivedAt);
        Assert.Equal(Start.AddSeconds(304), Correct(epoch: 2, hold: 301, at: 1, set: 303));
        Assert.Equal(Start.AddSeconds(304), Correct(epoch: 2, hold: 304, at: 2, set: 303));
        Assert.Equal(Start.AddSeconds(320), Correct(epoch: 2, hold: 320, at: 30, set: 303));
    }

    /// <param name="at">Seconds since the start, by this machine's count.</param>
    /// <param name="set">Seconds that the time of day is ahead of that.</param>
    private DateTimeOffset? Correct(int epoch, double? hold, double at, double set = 0)
    {
        time.AdvanceTo(Start.AddSeconds(at));
        return clock.Correct(Key, State(epoch, hold), Start.AddSeconds(at + set)).Current!.HoldStartedAt;
    }

    private static RolloutState State(int epoch, double? hold) => RolloutState.Initial with
    {
        Candidate = new("r2", "s2", "p"),
        Current = new Rollout
        {
            Id = "9a3b12cd",
            ReleaseHash = "r2",
            Phase = RolloutPhase.Stepping,
            WeightEpoch = epoch,
            StartedAt = Start,
            StepStartedAt = Start,
            HoldStartedAt = hold is { } seconds ? Start.AddSeconds(seconds) : null,
            Reason = RolloutReasons.Holding,
            Message = "holds",
        },
    };
}
