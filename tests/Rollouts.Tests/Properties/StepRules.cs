using Xunit;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>What a step needs to end, and that steps come one by one.</summary>
internal static class StepRules
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        Rule.Of(A_decision_moves_at_most_one_step_forward),
        Rule.Of(A_weight_step_ends_only_after_its_hold_with_its_requests),
        Rule.Of(A_weight_step_ends_only_with_every_check_passed_by_a_sample_of_that_step),
        Rule.Of(A_weight_step_ends_only_with_its_weight_in_effect_on_the_route),
        Rule.Of(An_approval_step_ends_only_with_a_yes_of_a_person),
        Rule.OfWalk(A_check_reverts_exactly_when_as_many_samples_failed_in_a_row),
        Rule.Of(A_bake_ends_in_a_promotion_only_after_its_time_or_for_another_release),
        Rule.Of(What_waits_says_for_what_and_until_when),
    ];

    private static void A_decision_moves_at_most_one_step_forward(Turn turn)
    {
        // Weights are no steps where nothing serves beside the candidate.
        if (!turn.IsSameRollout || turn.Before.IsCandidateAlone || turn.After.IsCandidateAlone || turn.After.Current!.PromotedBy is not null)
        {
            return;
        }

        // Promoted by a person it passes over all but gates; gates that passed and approvals that were given are not gone through again.
        var (from, to) = (turn.Before.Current!.StepIndex, turn.After.Current!.StepIndex);
        if (to > from + 1)
        {
            var passed = turn.Before.Current.Verdicts.Where(verdict => verdict.Verdict == Verdict.Pass).Select(verdict => (verdict.StepIndex, verdict.Name)).ToHashSet();
            Assert.All(Enumerable.Range(from + 1, to - from - 1), index => Assert.True(turn.Plan.Steps[index] switch
            {
                GateStep gates => gates.Gates.All(gate => passed.Contains((index, $"gate/{gate}"))),
                ApproveStep => passed.Contains((index, "approval")),
                _ => false,
            }));
        }
    }

    private static void A_weight_step_ends_only_after_its_hold_with_its_requests(Turn turn)
    {
        if (EndedWeight(turn) is var (step, before, held))
        {
            Assert.True(turn.Now - held >= step.HoldFor);
            Assert.True(turn.After.Current!.Evidence.Where(row => row.Epoch == before.WeightEpoch).Sum(row => row.Candidate.Requests) >= Math.Max(1, step.MinRequests));
            Assert.Null(turn.Observation.Evidence.ProviderError);
        }
    }

    private static void A_weight_step_ends_only_with_every_check_passed_by_a_sample_of_that_step(Turn turn)
    {
        if (EndedWeight(turn) is var (_, _, held))
        {
            Assert.All(turn.Plan.Checks, check => Assert.Contains(turn.Observation.Checks, sample => sample.Name == check.Name && sample.Verdict == Verdict.Pass && sample.At >= held));
        }
    }

    private static void A_weight_step_ends_only_with_its_weight_in_effect_on_the_route(Turn turn)
    {
        if (EndedWeight(turn) is var (_, before, _) && turn.Observation.Traffic is { } traffic && turn.Before.Candidate!.ServingHash != turn.Before.Stable!.ServingHash)
        {
            Assert.Equal((before.WeightPercent, null), (traffic.WeightPercent, traffic.Problem));
        }
    }

    private static void An_approval_step_ends_only_with_a_yes_of_a_person(Turn turn)
    {
        if (turn.IsSameRollout && turn.Before.Current is { Phase: RolloutPhase.Stepping, PromotedBy: null, StepIndex: var index } && turn.After.Current!.StepIndex > index
            && index < turn.Plan.Steps.Count && turn.Plan.Steps[index] is ApproveStep && !turn.Did(ActionKind.Promote))
        {
            Assert.Contains(turn.After.Current.Verdicts, verdict => verdict is { Name: "approval", Verdict: Verdict.Pass } && verdict.StepIndex == index);
        }
    }

    private static Action<Turn> A_check_reverts_exactly_when_as_many_samples_failed_in_a_row()
    {
        var failed = new Dictionary<string, int>();
        var seen = new HashSet<string>();
        return turn =>
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

            if (turn.IsSameRollout && turn.Before.Candidate is not null && turn.Before.Current!.Phase != RolloutPhase.Reverting
                && turn.After.Current is { Phase: RolloutPhase.Reverted, Reason: RolloutReasons.CheckFailed })
            {
                Assert.Contains(turn.Plan.Checks, check => failed.GetValueOrDefault(check.Name) >= check.Failures);
            }

            if (!turn.IsSameRollout || turn.After.Candidate is null)
            {
                failed.Clear();
            }
        };
    }

    private static void A_bake_ends_in_a_promotion_only_after_its_time_or_for_another_release(Turn turn)
    {
        if (!turn.Did(ActionKind.Promote) && turn.Before is { Stable: not null, Current: { Phase: RolloutPhase.Baking, PromotedBy: null } before }
            && turn.Decision.Transitions.Any(transition => transition is { From: RolloutPhase.Baking, To: RolloutPhase.Promoted }))
        {
            Assert.True(turn.Now - before.HoldStartedAt >= turn.Plan.Bake || (turn.Plan.Desired is { } desired && desired.Hash != before.ReleaseHash));
            Assert.Null(turn.Observation.Evidence.ProviderError);
            Assert.True(turn.PodsOf(turn.Before.Candidate!).Ready > 0);
        }
    }

    private static void What_waits_says_for_what_and_until_when(Turn turn)
    {
        Assert.False(string.IsNullOrEmpty(turn.Decision.Reason) || string.IsNullOrEmpty(turn.Decision.Message));
        if (turn.After is { Candidate: not null, Stable: not null })
        {
            Assert.True(turn.Decision.Deadline is not null || turn.Plan.Paused || turn.After.PausedBy is not null, $"{turn.Decision.Reason} waits for ever");
        }
    }

    /// <summary>The weight step that this decision completed by itself, its rollout before, and since when it held; null where it completed none.</summary>
    private static (WeightStep Step, Rollout Before, DateTimeOffset HeldSince)? EndedWeight(Turn turn) =>
        !turn.Did(ActionKind.SkipStep, ActionKind.Promote) && turn is { IsSameRollout: true, Before: { Stable: not null, Current: { Phase: RolloutPhase.Stepping, PromotedBy: null, HoldStartedAt: { } held } before } }
        && turn.After.Current!.StepIndex > before.StepIndex && before.StepIndex < turn.Plan.Steps.Count && turn.Plan.Steps[before.StepIndex] is WeightStep step
            ? (step, before, held)
            : null;
}
