using Xunit;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>What people may do, and what nobody may.</summary>
internal static class ActionRules
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        Rule.OfWalk(Every_action_is_done_once_and_one_a_decision),
        Rule.Of(An_action_moves_no_release_forward_but_the_one_that_it_names),
        Rule.Of(No_action_and_no_pause_keeps_a_candidate_that_a_live_test_failed),
        Rule.Of(A_locked_release_is_never_tried),
        Rule.Of(A_lock_goes_only_by_a_retry_or_for_a_newer_one),
    ];

    private static Action<Turn> Every_action_is_done_once_and_one_a_decision()
    {
        var done = new HashSet<string>();
        return turn =>
        {
            Assert.InRange(turn.After.Actions.Except(turn.Before.Actions).Count(), 0, 1);
            Assert.True(turn.Handled is null || done.Add(turn.Handled.Id));
            Assert.DoesNotContain(turn.Observation.Actions, asked => done.Contains(asked.Id) && turn.After.Actions.All(handled => handled.Id != asked.Id));
        };
    }

    private static void An_action_moves_no_release_forward_but_the_one_that_it_names(Turn turn)
    {
        if (turn.Did(ActionKind.Approve, ActionKind.Promote, ActionKind.SkipStep, ActionKind.Rollback))
        {
            var asked = turn.Observation.Actions.Single(action => action.Id == turn.Handled!.Id);
            Assert.Equal(asked.Release, turn.After.Current!.ReleaseHash);
        }
    }

    private static void No_action_and_no_pause_keeps_a_candidate_that_a_live_test_failed(Turn turn)
    {
        var failed = turn.Before is { Candidate: not null, Current: not null } && turn.Decision.LiveTests.Any(test => test.Verdict == Verdict.Fail);
        Assert.False(failed && turn is { IsSameRollout: true, After: { Candidate: not null, Current.Phase: not RolloutPhase.Reverting } });
    }

    private static void A_locked_release_is_never_tried(Turn turn) =>
        Assert.True(turn.After.Current?.Phase == RolloutPhase.Reverting || turn.After.Failed.All(failed => failed.Hash != turn.After.Candidate?.Hash));

    private static void A_lock_goes_only_by_a_retry_or_for_a_newer_one(Turn turn)
    {
        if (turn.After.Failed.Count < RolloutState.MaxFailed && !turn.Did(ActionKind.Retry))
        {
            Assert.Empty(turn.Before.Failed.Select(failed => failed.Hash).Except(turn.After.Failed.Select(failed => failed.Hash)));
        }
    }
}
