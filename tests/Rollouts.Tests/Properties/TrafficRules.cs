using Xunit;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>Who gets requests, and on what grounds.</summary>
internal static class TrafficRules
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        Rule.Of(Weights_are_between_0_and_100_and_make_100_once_something_serves),
        Rule.Of(A_candidate_has_traffic_only_with_a_ready_pod),
        Rule.Of(A_weight_rises_only_with_pods_ready_and_warm_for_it),
        Rule.OfWalk(Every_gate_before_the_step_of_a_rising_weight_has_passed_in_this_rollout),
        Rule.Of(Copies_are_made_only_at_weight_0_with_a_ready_pod_and_each_change_of_them_is_an_epoch),
        Rule.Of(A_pause_starts_nothing_and_moves_nothing_forward),
        Rule.Of(On_the_way_back_a_weight_never_rises),
        Rule.Of(Stable_never_gets_more_than_its_ready_pods_carry_unless_the_rest_must_go),
    ];

    private static void Weights_are_between_0_and_100_and_make_100_once_something_serves(Turn turn)
    {
        Assert.InRange(turn.After.CandidateWeightPercent, 0, 100);
        Assert.Equal(turn.After.Stable is null ? 0 : 100, turn.After.CandidateWeightPercent + turn.After.StableWeightPercent);
    }

    private static void A_candidate_has_traffic_only_with_a_ready_pod(Turn turn)
    {
        if (turn.After is { Candidate: { } candidate, Stable: { } stable } && candidate.ServingHash != stable.ServingHash && turn.After.CandidateIsAsked)
        {
            Assert.True(turn.PodsOf(candidate).Ready > 0);
        }
    }

    private static void A_weight_rises_only_with_pods_ready_and_warm_for_it(Turn turn)
    {
        if (!turn.Rises)
        {
            return;
        }

        var rollout = turn.After.Current!;
        var pods = turn.PodsOf(turn.After.Candidate!);
        Assert.True(pods is { Ready: > 0, WarmedUp: > 0 });
        Assert.True(rollout.Phase is RolloutPhase.Baking or RolloutPhase.Promoting || (rollout.Phase == RolloutPhase.Stepping && turn.Plan.Steps[rollout.StepIndex] is WeightStep));
        if (turn.After.Candidate!.ServingHash == turn.After.Stable!.ServingHash)
        {
            return;
        }

        // While replicas change hands the share is what the ready pods are of all that are left.
        var carries = 100 * pods.Ready / (pods.Ready + turn.TargetOf(turn.After.Stable!));
        Assert.True(rollout.WeightPercent <= carries || pods.Ready >= Math.Min(turn.Share(rollout.WeightPercent), turn.TargetOf(turn.After.Candidate)));
    }

    private static Action<Turn> Every_gate_before_the_step_of_a_rising_weight_has_passed_in_this_rollout()
    {
        // A change of steps restarts nothing, so only rollouts whose steps stayed are held to the list.
        EquatableArray<Step>? steps = null;
        return turn =>
        {
            steps = turn.IsSameRollout && turn.Plan.Steps != steps ? null : turn.Plan.Steps;
            var isPromoted = turn is { IsSameRollout: true, Before.Candidate: not null, After.Current: { Phase: RolloutPhase.Promoted, Kind: RolloutKind.Release } };
            // A rollback goes back to what has passed them before.
            if ((turn.Rises || isPromoted) && turn.After.Current!.Kind == RolloutKind.Release && steps is { } list)
            {
                var rollout = turn.After.Current!;
                var gates = list.Take(isPromoted ? list.Count : rollout.StepIndex).OfType<GateStep>().SelectMany(step => step.Gates).Select(gate => $"gate/{gate}");
                var passed = rollout.Verdicts.Where(verdict => verdict.Verdict == Verdict.Pass).Select(verdict => verdict.Name);
                Assert.Empty(gates.Except(passed));
            }

            steps = turn.After.Candidate is null ? null : steps;
        };
    }

    private static void Copies_are_made_only_at_weight_0_with_a_ready_pod_and_each_change_of_them_is_an_epoch(Turn turn)
    {
        if (turn.After.Mirror is not null)
        {
            Assert.Equal(0, turn.After.CandidateWeightPercent);
            Assert.NotNull(turn.After.Stable);
        }

        if (turn.IsSameRollout && turn.After.Current!.Mirror != turn.Before.Current!.Mirror)
        {
            Assert.True(turn.After.Current.WeightEpoch > turn.Before.Current.WeightEpoch);
            Assert.True(turn.After.Mirror is null || turn.PodsOf(turn.After.Candidate!) is { Ready: > 0, WarmedUp: > 0 });
        }
    }

    private static void A_pause_starts_nothing_and_moves_nothing_forward(Turn turn)
    {
        if (turn.IsPaused)
        {
            Assert.False(turn.Rises);
            Assert.True(turn.After.Current is null || turn.IsSameRollout);
            Assert.True(turn.After.Stable == turn.Before.Stable);
        }
    }

    private static void On_the_way_back_a_weight_never_rises(Turn turn)
    {
        if (turn.Before is { Candidate: not null, Stable: not null } && (IsOver(turn) || turn.After.Current?.Phase == RolloutPhase.Reverting))
        {
            Assert.True((turn.IsSameRollout ? turn.After.CandidateWeightPercent : 0) <= turn.Before.CandidateWeightPercent);
            Assert.Equal(IsOver(turn), turn.After.Candidate is null || !turn.IsSameRollout);
        }
    }

    private static void Stable_never_gets_more_than_its_ready_pods_carry_unless_the_rest_must_go(Turn turn)
    {
        if (turn.Before is not { Candidate: { } candidate, Stable: { } stable, CandidateWeightPercent: > 0 and var before } || candidate.ServingHash == stable.ServingHash
            || turn.After.Stable?.Hash != stable.Hash)
        {
            return;
        }

        var after = turn.IsSameRollout ? turn.After.CandidateWeightPercent : 0;
        var rollout = turn.Before.Current!;
        var isFaulty = rollout.Evidence.Concat(turn.Observation.Evidence.Rows).Any(row => row.Candidate is { RenderFailures: > 0 } or { Unauthorized: > 0 });
        if (isFaulty || turn.PodsOf(candidate).Ready == 0 || turn.Observation.Pods.All(pods => pods.ServingHash != stable.ServingHash))
        {
            return;
        }

        // What stable was allowed to give to the candidate is not waited for.
        var needed = turn.Plan.Replicas - (rollout.Capacity is { } choice
            ? choice is { Plan: CapacityPlan.TakeFromStable, SurgeReplicas: 0 } ? choice.GivenPerReplica : 0
            : turn.Given(turn.Before));
        var carried = needed <= 0 ? 100 : Math.Min(100, 100 * turn.PodsOf(stable).Ready / needed);
        var isOverdue = rollout.Phase == RolloutPhase.Reverting && turn.Now - rollout.StepStartedAt >= turn.Plan.ProgressDeadline && turn.PodsOf(stable).Ready > 0;
        var isSmall = Math.Min(before, 100 - carried) <= 20 && carried > 0;
        Assert.True(isOverdue || isSmall || 100 - after <= Math.Max(carried, 100 - before), $"stable got {100 - after}% and carries {carried}%");
    }

    private static bool IsOver(Turn turn) => turn.Entered(RolloutPhase.Reverted) || turn.Entered(RolloutPhase.Superseded);
}
