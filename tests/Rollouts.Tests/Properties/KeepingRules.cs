using Xunit;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>What is kept, and when the next look is.</summary>
internal static class KeepingRules
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        Rule.Of(What_is_kept_stays_within_its_bounds),
        Rule.Of(A_requeue_is_never_in_the_past_and_comes_soon_while_the_candidate_is_asked),
        Rule.Of(A_spec_is_seen_in_the_write_that_starts_its_rollout),
        Rule.Of(A_rollout_that_ended_is_in_the_history_and_stays_as_it_was),
    ];

    private static void What_is_kept_stays_within_its_bounds(Turn turn)
    {
        var after = turn.After;
        Assert.True(after.Failed.Count <= RolloutState.MaxFailed && after.History.Count <= RolloutState.MaxHistory && after.Retiring.Count <= RolloutState.MaxRetiring && after.Actions.Count <= RolloutState.MaxActions);
        Assert.True(after.Current is null or { Verdicts.Count: <= Rollout.MaxVerdicts, Evidence.Count: <= Rollout.MaxEvidenceRows, Timeline.Count: <= Rollout.MaxMoments, StepTimes.Count: <= Rollout.MaxStepTimes });
    }

    private static void A_requeue_is_never_in_the_past_and_comes_soon_while_the_candidate_is_asked(Turn turn)
    {
        Assert.True(turn.Decision.RequeueAfter is null || turn.Decision.RequeueAfter >= TimeSpan.FromMilliseconds(250));
        Assert.True((turn.After.CandidateWeightPercent == 0 && turn.After.Mirror is null) || turn.Decision.RequeueAfter == TimeSpan.FromMilliseconds(250));
    }

    private static void A_spec_is_seen_in_the_write_that_starts_its_rollout(Turn turn)
    {
        Assert.Equal(turn.Plan.Generation, turn.After.ObservedGeneration);
        if (turn.Entered(RolloutPhase.Starting) && turn.After.Current is { Kind: RolloutKind.Release } started)
        {
            Assert.Equal(turn.Plan.Desired?.Hash, started.ReleaseHash);
        }
    }

    private static void A_rollout_that_ended_is_in_the_history_and_stays_as_it_was(Turn turn)
    {
        if (turn.Before.Current is { IsRunning: true } was && turn.After.Current is var now && (now?.Id != was.Id || !now.IsRunning))
        {
            Assert.Equal(was.Id, turn.After.History.First(ended => ended.Id == was.Id).Id);
        }

        if (turn is { IsSameRollout: true, Before.Current: { IsRunning: false } before })
        {
            Assert.Equal(before.Phase, turn.After.Current!.Phase);
            Assert.Equal(before.FinishedAt, turn.After.Current.FinishedAt);
        }
    }
}
