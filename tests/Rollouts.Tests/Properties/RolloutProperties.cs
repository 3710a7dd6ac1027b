using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>
/// What holds for every decision in every order of events. That deciding is deterministic, that a second decision writes nothing and that every
/// transition is in the table is checked by <see cref="CheckedEngine"/> on each of them too.
/// </summary>
public sealed class RolloutProperties
{
    [Fact]
    public void Weights_are_between_0_and_100_and_make_100_once_something_serves() => ForAllTurns(turn =>
    {
        Assert.InRange(turn.After.CandidateWeightPercent, 0, 100);
        Assert.Equal(turn.After.Stable is null ? 0 : 100, turn.After.CandidateWeightPercent + turn.After.StableWeightPercent);
    });

    [Fact]
    public void A_decision_moves_at_most_one_step_forward() => ForAllTurns(turn =>
    {
        // Weights are no steps where nothing serves beside the candidate.
        if (turn.IsSameRollout && !turn.Before.IsCandidateAlone && !turn.After.IsCandidateAlone)
        {
            // Promoted by a person it passes over all but gates; gates that passed and approvals that were given are not gone through again.
            var (from, to) = (turn.Before.Current!.StepIndex, turn.After.Current!.StepIndex);
            var passed = turn.Before.Current.Verdicts.Where(verdict => verdict.Verdict == Verdict.Pass).Select(verdict => (verdict.StepIndex, verdict.Name)).ToHashSet();
            var over = Enumerable.Range(from + 1, Math.Max(0, to - from - 1)).Where(index => turn.Plan.Steps[index] switch
            {
                GateStep gates => !gates.Gates.All(gate => passed.Contains((index, $"gate/{gate}"))),
                ApproveStep => !passed.Contains((index, "approval")),
                _ => true,
            });
            Assert.True(to <= from + 1 || turn.After.Current.PromotedBy is not null || !over.Any());
        }
    });

    [Fact]
    public void A_weight_rises_only_with_gates_passed_and_pods_ready_and_warm() => ForAllTurns(turn =>
    {
        if (!Rises(turn))
        {
            return;
        }

        var rollout = turn.After.Current!;
        var pods = turn.PodsOf(turn.After.Candidate!);
        Assert.True(pods is { Ready: > 0, WarmedUp: > 0 });
        Assert.True(rollout.Phase is RolloutPhase.Baking or RolloutPhase.Promoting || turn.Plan.Steps[rollout.StepIndex] is WeightStep);
        if (turn.Before.Current?.Capacity is { } before && rollout.Capacity is { } after && after.Given > before.Given)
        {
            // A replica changes hands: the share is what the ready pods are of all that are left.
            Assert.True(rollout.WeightPercent <= 100 * pods.Ready / (pods.Ready + turn.TargetOf(turn.After.Stable!)));
        }
        else if (turn.After.Candidate!.ServingHash != turn.After.Stable!.ServingHash)
        {
            Assert.True(pods.Ready >= Math.Min(Share(turn.Plan, rollout.WeightPercent), turn.TargetOf(turn.After.Candidate)));
        }
    });

    [Fact]
    public void Every_gate_before_the_step_of_a_rising_weight_has_passed_in_this_rollout() => ForAllWalks(turns =>
    {
        // A change of steps restarts nothing, so only rollouts whose steps stayed are held to the list.
        EquatableArray<Step> steps = [];
        foreach (var turn in turns)
        {
            steps = turn.IsSameRollout && turn.Plan.Steps != steps ? [] : turn.Plan.Steps;
            var isPromoted = turn is { IsSameRollout: true, Before.Candidate: not null, After.Current: { Phase: RolloutPhase.Promoted, Kind: RolloutKind.Release } };
            if ((Rises(turn) || isPromoted) && steps.Count > 0)
            {
                var rollout = turn.After.Current!;
                var gates = steps.Take(isPromoted ? steps.Count : rollout.StepIndex).OfType<GateStep>().SelectMany(step => step.Gates).Select(gate => $"gate/{gate}");
                var passed = rollout.Verdicts.Where(verdict => verdict.Verdict == Verdict.Pass).Select(verdict => verdict.Name);
                Assert.Empty(gates.Except(passed));
            }

            steps = turn.After.Candidate is null ? [] : steps;
        }
    });

    [Fact]
    public void No_release_that_carries_traffic_is_scaled_below_its_need() => ForAllTurns(turn =>
    {
        var given = Given(turn.Plan, turn.After);
        if (turn.After.Stable is { } stable)
        {
            Assert.True(turn.TargetOf(stable) >= turn.Plan.Replicas - given);
        }

        var surge = turn.After.Current?.Capacity is { } choice ? choice.SurgeReplicas + (choice.Given / choice.GivenPerReplica) ?? int.MaxValue
            : turn.Plan is { MaxSurgeGpus: { } gpus, GpusPerReplica: > 0 } ? (gpus / turn.Plan.GpusPerReplica) + given : int.MaxValue;
        if (turn.After is { Candidate: { } candidate, CandidateWeightPercent: > 0 and var weight } && candidate.ServingHash != turn.After.Stable?.ServingHash)
        {
            Assert.True(turn.TargetOf(candidate) >= Math.Max(1, Math.Min(surge, Share(turn.Plan, weight))));
        }
    });

    [Fact]
    public void Nobody_is_left_without_pods_unless_an_outage_is_allowed_and_nothing_fits_otherwise() => ForAllTurns(turn =>
    {
        if (turn.After.Stable is { } stable && turn.Plan.Replicas > 0 && turn.TargetOf(stable) == 0)
        {
            Assert.Equal((CapacityPlan.Recreate, 0), (turn.After.Current!.Capacity!.Plan, turn.After.CandidateWeightPercent));
            Assert.True(turn.IsSameRollout || turn.Plan.AllowDowntime);
        }
    });

    [Fact]
    public void A_plan_is_chosen_before_there_is_any_weight_and_stays() => ForAllTurns(turn =>
    {
        if (turn.IsSameRollout && turn.Before is { CandidateWeightPercent: > 0, Current.Capacity: { } before } && turn.After.Candidate is not null)
        {
            var after = turn.After.Current!.Capacity!;
            Assert.Equal(before with { Given = after.Given }, after);
            Assert.True(after.Given <= before.Given + before.GivenPerReplica);
        }
    });

    [Fact]
    public void Pods_that_lose_their_traffic_are_kept_in_that_decision() => ForAllTurns(turn =>
    {
        if (turn.Before.Current?.Capacity is { Plan: CapacityPlan.Recreate })
        {
            return;
        }

        foreach (var release in new[] { turn.Before.Stable, turn.Before.CandidateWeightPercent > 0 ? turn.Before.Candidate : null }.OfType<Release>())
        {
            var isServing = release.ServingHash == turn.After.Stable?.ServingHash || release.ServingHash == turn.After.Candidate?.ServingHash;
            if (!isServing && turn.PodsOf(release).Desired > 0 && turn.Plan.Replicas > 0)
            {
                Assert.True(turn.TargetOf(release) > 0);
            }
        }
    });

    [Fact]
    public void Every_action_is_done_once_and_one_a_decision() => ForAllWalks(turns =>
    {
        var done = new HashSet<string>();
        foreach (var turn in turns)
        {
            Assert.InRange(turn.After.Actions.Except(turn.Before.Actions).Count(), 0, 1);
            Assert.True(turn.Handled is null || done.Add(turn.Handled.Id));
            Assert.DoesNotContain(turn.Observation.Actions, asked => done.Contains(asked.Id) && turn.After.Actions.All(handled => handled.Id != asked.Id));
        }
    });

    [Fact]
    public void An_action_moves_no_release_forward_but_the_one_that_it_names() => ForAllTurns(turn =>
    {
        if (turn.Did(ActionKind.Approve, ActionKind.Promote, ActionKind.SkipStep, ActionKind.Rollback))
        {
            var asked = turn.Observation.Actions.Single(action => action.Id == turn.Handled!.Id);
            Assert.Equal(asked.Release, turn.After.Current!.ReleaseHash);
        }
    });

    [Fact]
    public void No_action_and_no_pause_keeps_a_candidate_that_a_live_test_failed() => ForAllTurns(turn =>
    {
        var failed = turn.Before is { Candidate: not null, Current: not null } && turn.Decision.LiveTests.Any(test => test.Verdict == Verdict.Fail);
        Assert.False(failed && turn is { IsSameRollout: true, After: { Candidate: not null, Current.Phase: not RolloutPhase.Reverting } });
    });

    [Fact]
    public void A_locked_release_is_never_tried() => ForAllTurns(turn =>
        Assert.True(turn.After.Current?.Phase == RolloutPhase.Reverting || turn.After.Failed.All(failed => failed.Hash != turn.After.Candidate?.Hash)));

    [Fact]
    public void On_the_way_back_a_weight_never_rises_and_stable_never_gets_more_than_its_ready_pods_carry_unless_the_rest_must_go() => ForAllTurns(turn =>
    {
        var (before, after) = (turn.Before.CandidateWeightPercent, turn.IsSameRollout ? turn.After.CandidateWeightPercent : 0);
        var isOver = turn.Decision.Transitions.Any(transition => transition.To is RolloutPhase.Reverted or RolloutPhase.Superseded);
        if (turn.Before is not { Candidate: { } candidate, Stable: { } stable } || (!isOver && turn.After.Current?.Phase != RolloutPhase.Reverting))
        {
            return;
        }

        Assert.True(after <= before);
        var shares = candidate.ServingHash == stable.ServingHash;
        var isFaulty = turn.Before.Current!.Evidence.Concat(turn.Observation.Evidence.Rows).Any(row => row.Candidate is { RenderFailures: > 0 } or { Unauthorized: > 0 });
        if (before > 0 && !shares && !isFaulty && turn.PodsOf(candidate).Ready > 0 && turn.Observation.Pods.Any(pods => pods.ServingHash == stable.ServingHash))
        {
            // What stable was allowed to give to the candidate is not waited for.
            var needed = turn.Plan.Replicas - (turn.Before.Current.Capacity is { } choice
                ? choice is { Plan: CapacityPlan.TakeFromStable, SurgeReplicas: 0 } ? choice.GivenPerReplica : 0
                : Given(turn.Plan, turn.Before));
            var carried = needed <= 0 ? 100 : Math.Min(100, 100 * turn.PodsOf(stable).Ready / needed);
            var isOverdue = turn.Before.Current.Phase == RolloutPhase.Reverting && turn.Now - turn.Before.Current.StepStartedAt >= turn.Plan.ProgressDeadline && turn.PodsOf(stable).Ready > 0;
            var isSmall = Math.Min(before, 100 - carried) <= 20 && carried > 0;
            Assert.True(isOverdue || isSmall || 100 - after <= Math.Max(carried, 100 - before), $"stable got {100 - after}% and carries {carried}%");
        }

        Assert.Equal(isOver, turn.After.Candidate is null || !turn.IsSameRollout);
    });

    [Fact]
    public void A_bake_ends_in_a_promotion_only_after_its_time_or_for_another_release() => ForAllTurns(turn =>
    {
        if (!turn.Did(ActionKind.Promote) && turn.Before is { Stable: not null, Current: { Phase: RolloutPhase.Baking, PromotedBy: null, HoldStartedAt: { } began } before } && turn.Decision.Transitions.Any(transition => transition is { From: RolloutPhase.Baking, To: RolloutPhase.Promoted }))
        {
            Assert.True(turn.Now - began >= turn.Plan.Bake || (turn.Plan.Desired is { } desired && desired.Hash != before.ReleaseHash));
            Assert.Null(turn.Observation.Evidence.ProviderError);
            Assert.True(turn.PodsOf(turn.Before.Candidate!).Ready > 0);
        }
    });

    [Fact]
    public void An_autoscaler_never_takes_stable_below_what_it_had_when_the_candidate_got_weight() => ForAllTurns(turn =>
    {
        if (turn is { After: { Candidate: not null, Stable: { } stable, Current.StableFloor: > 0 and var floor }, Plan.IsAutoscaled: true })
        {
            // What changed hands was given when there were as many as the floor says.
            var given = Given(turn.Plan with { Replicas = Math.Max(floor, turn.Plan.Replicas) }, turn.After);
            Assert.True(turn.TargetOf(stable) >= Math.Min(floor, turn.Plan.MaxReplicas ?? floor) - given);
        }
    });

    [Fact]
    public void Pods_that_retire_go_only_after_their_delay_with_nothing_in_flight_or_at_their_deadline() => ForAllTurns(turn =>
    {
        foreach (var gone in turn.Before.Retiring.Where(pods => turn.After.Retiring.All(kept => kept.ServingHash != pods.ServingHash)))
        {
            var seen = turn.Observation.Pods.FirstOrDefault(pods => pods.ServingHash == gone.ServingHash);
            var isDropped = turn.After.Retiring.Count == RolloutState.MaxRetiring;
            Assert.True(isDropped || turn.Now >= gone.Until);
            Assert.True(isDropped || turn.Now >= (gone.Deadline ?? gone.Until) || seen is null or { Desired: 0 } or { InFlight: 0 });
        }
    });

    [Fact]
    public void A_pause_starts_nothing_and_moves_nothing_forward() => ForAllTurns(turn =>
    {
        if (turn.Plan.Paused || (turn.Before.PausedBy is not null && turn.After.PausedBy is not null))
        {
            Assert.False(Rises(turn));
            Assert.True(turn.After.Current is null || turn.IsSameRollout);
            Assert.True(turn.After.Stable == turn.Before.Stable);
        }
    });

    [Fact]
    public void A_weight_step_ends_only_with_every_check_passed_by_a_sample_of_that_step() => ForAllTurns(turn =>
    {
        if (!turn.Did(ActionKind.SkipStep, ActionKind.Promote) && turn.IsSameRollout && turn.Before is { Stable: not null, Current: { Phase: RolloutPhase.Stepping, PromotedBy: null, HoldStartedAt: { } held } before }
            && turn.After.Current!.StepIndex == before.StepIndex + 1 && turn.Plan.Steps[before.StepIndex] is WeightStep)
        {
            Assert.All(turn.Plan.Checks, check => Assert.Contains(turn.Observation.Checks, sample => sample.Name == check.Name && sample.Verdict == Verdict.Pass && sample.At >= held));
        }
    });

    [Fact]
    public void A_check_reverts_exactly_when_as_many_samples_failed_in_a_row() => ForAllWalks(turns =>
    {
        var failed = new Dictionary<string, int>();
        var seen = new HashSet<string>();
        foreach (var turn in turns)
        {
            if (turn.Before.Candidate is not null)
            {
                foreach (var sample in turn.Observation.Checks.Where(sample => turn.Plan.Checks.Any(check => check.Name == sample.Name) && seen.Add(sample.SampleId)))
                {
                    failed[sample.Name] = sample.Verdict switch { Verdict.Fail => failed.GetValueOrDefault(sample.Name) + 1, Verdict.Pass => 0, _ => failed.GetValueOrDefault(sample.Name) };
                }
            }

            foreach (var gone in failed.Keys.Where(name => turn.Plan.Checks.All(check => check.Name != name)).ToList())
            {
                failed.Remove(gone);
            }

            if (turn.IsSameRollout && turn.After.Current is { Phase: RolloutPhase.Reverted, Reason: RolloutReasons.CheckFailed } && turn.Before.Candidate is not null)
            {
                Assert.Contains(turn.Plan.Checks, check => failed.GetValueOrDefault(check.Name) >= check.Failures);
            }

            if (!turn.IsSameRollout || turn.After.Candidate is null)
            {
                failed.Clear();
            }
        }
    });

    [Fact]
    public void A_weight_step_ends_only_after_its_hold_with_its_requests() => ForAllTurns(turn =>
    {
        if (!turn.Did(ActionKind.SkipStep, ActionKind.Promote) && turn.IsSameRollout && turn.Before is { Stable: not null, Current: { Phase: RolloutPhase.Stepping, HoldStartedAt: { } held } before }
            && turn.After.Current!.StepIndex == before.StepIndex + 1 && turn.Plan.Steps[before.StepIndex] is WeightStep step)
        {
            Assert.True(turn.Now - held >= step.HoldFor);
            Assert.True(turn.After.Current.Evidence.Where(row => row.Epoch == before.WeightEpoch).Sum(row => row.Candidate.Requests) >= Math.Max(1, step.MinRequests));
            Assert.Null(turn.Observation.Evidence.ProviderError);
        }
    });

    [Fact]
    public void Copies_are_made_only_at_weight_0_with_a_ready_pod_and_each_change_of_them_is_an_epoch() => ForAllTurns(turn =>
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
    });

    [Fact]
    public void What_is_kept_stays_within_its_bounds_and_a_requeue_is_never_in_the_past() => ForAllTurns(turn =>
    {
        Assert.True(turn.After.Failed.Count <= RolloutState.MaxFailed && turn.After.History.Count <= RolloutState.MaxHistory && turn.After.Retiring.Count <= RolloutState.MaxRetiring && turn.After.Actions.Count <= RolloutState.MaxActions);
        Assert.True(turn.After.Current is null or { Verdicts.Count: <= Rollout.MaxVerdicts, Evidence.Count: <= Rollout.MaxEvidenceRows });
        Assert.True(turn.Decision.RequeueAfter is null || turn.Decision.RequeueAfter >= TimeSpan.FromMilliseconds(250));
        Assert.True((turn.After.CandidateWeightPercent == 0 && turn.After.Mirror is null) || turn.Decision.RequeueAfter == TimeSpan.FromMilliseconds(250));
    });

    [Fact]
    public void The_walks_reach_every_phase()
    {
        var seen = new HashSet<Transition>();
        ForAllTurns(turn => seen.UnionWith(turn.Decision.Transitions));
        Assert.Empty(Enum.GetValues<RolloutPhase>().Except(seen.Select(transition => transition.To)));
        // Rare ones (a deadline in a bake while stable lacks pods, say) have stories of their own.
        Assert.True(seen.Count >= Transitions.Allowed.Count / 2, $"not seen: {string.Join(", ", Transitions.Allowed.Except(seen))}");
    }

    private static bool Rises(Turn turn) =>
        turn.After.CandidateWeightPercent > (turn.IsSameRollout ? turn.Before.CandidateWeightPercent : 0);

    /// <summary>Replicas that stable may lack: what it gave, or what it may give where no plan was chosen.</summary>
    private static int Given(RolloutPlan plan, RolloutState state) => state switch
    {
        { Candidate: not null, Current: { Phase: not RolloutPhase.Reverting, Capacity: { Plan: CapacityPlan.Recreate, Fits: true } } } => plan.Replicas,
        { Candidate: not null, Current.Capacity: { } choice } => Math.Clamp(choice.Given, 0, Math.Max(0, plan.Replicas - 1)),
        _ => Math.Clamp(plan.MaxUnavailable ?? 0, 0, Math.Max(0, plan.Replicas - 1)),
    };

    private static int Share(RolloutPlan plan, int weight) => Math.Max(1, ((plan.Replicas * weight) + 99) / 100);

    private static void ForAllTurns(Action<Turn> check) => ForAllWalks(turns =>
    {
        foreach (var turn in turns)
        {
            check(turn);
        }
    });

    /// <summary>Random orders of up to 120 events; a failing one is shrunk to the fewest events that fail.</summary>
    private static void ForAllWalks(Action<IEnumerable<Turn>> check)
    {
        var walks = Arb.From(Gen.Choose(0, int.MaxValue - 1).ListOf(120).Select(choices => choices.ToArray()), Shorter);
        var property = Prop.ForAll(walks, choices =>
        {
            // Every other walk knows of no room, as a rollout that an older version began.
            var world = new World(seesRoom: choices.Length % 2 == 0);
            check(choices.Select(world.Play));
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(20260701, 297), property);
    }

    private static IEnumerable<int[]> Shorter(int[] choices)
    {
        for (var size = choices.Length / 2; size >= 1; size /= 2)
        {
            for (var start = 0; start + size <= choices.Length; start += size)
            {
                yield return [.. choices[..start], .. choices[(start + size)..]];
            }
        }
    }
}
