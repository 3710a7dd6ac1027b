using Xunit;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>How many pods there must be.</summary>
internal static class CapacityRules
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        Rule.Of(No_release_that_carries_traffic_is_scaled_below_its_need),
        Rule.Of(Nobody_is_left_without_pods_unless_an_outage_is_allowed_and_nothing_fits_otherwise),
        Rule.Of(A_plan_is_chosen_before_there_is_any_weight_and_stays),
        Rule.Of(Pods_that_lose_their_traffic_are_kept_in_that_decision),
        Rule.Of(An_autoscaler_never_takes_stable_below_what_it_had_when_the_candidate_got_weight),
        Rule.OfWalk(Behind_a_route_nobody_is_scaled_down_before_the_route_sends_them_less),
        Rule.Of(Pods_that_retire_go_only_after_their_delay_with_nothing_in_flight_or_at_their_deadline),
    ];

    private static void No_release_that_carries_traffic_is_scaled_below_its_need(Turn turn)
    {
        var given = turn.Given(turn.After);
        if (turn.After.Stable is { } stable)
        {
            Assert.True(turn.TargetOf(stable) >= turn.Plan.Replicas - given);
        }

        var surge = turn.After.Current?.Capacity is { } choice ? choice.SurgeReplicas + (choice.Given / choice.GivenPerReplica) ?? int.MaxValue
            : turn.Plan is { MaxSurgeGpus: { } gpus, GpusPerReplica: > 0 } ? (gpus / turn.Plan.GpusPerReplica) + given : int.MaxValue;
        if (turn.After is { Candidate: { } candidate, CandidateWeightPercent: > 0 and var weight } && candidate.ServingHash != turn.After.Stable?.ServingHash)
        {
            Assert.True(turn.TargetOf(candidate) >= Math.Max(1, Math.Min(surge, turn.Share(weight))));
        }
    }

    private static void Nobody_is_left_without_pods_unless_an_outage_is_allowed_and_nothing_fits_otherwise(Turn turn)
    {
        if (turn.After.Stable is { } stable && turn.Plan.Replicas > 0 && turn.TargetOf(stable) == 0)
        {
            Assert.Equal((CapacityPlan.Recreate, 0), (turn.After.Current!.Capacity!.Plan, turn.After.CandidateWeightPercent));
            Assert.True(turn.IsSameRollout || turn.Plan.AllowDowntime);
        }
    }

    private static void A_plan_is_chosen_before_there_is_any_weight_and_stays(Turn turn)
    {
        if (turn.IsSameRollout && turn.Before is { CandidateWeightPercent: > 0, Current.Capacity: { } before } && turn.After.Candidate is not null)
        {
            var after = turn.After.Current!.Capacity!;
            Assert.Equal(before with { Given = after.Given }, after);
            // One at a time, and for a pod that is ready already at once.
            var there = turn.PodsOf(turn.After.Candidate).Ready - (before.SurgeReplicas ?? 0);
            Assert.True(after.Given <= Math.Max(before.Given, there * before.GivenPerReplica) + before.GivenPerReplica);
        }
    }

    private static void Pods_that_lose_their_traffic_are_kept_in_that_decision(Turn turn)
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
    }

    private static void An_autoscaler_never_takes_stable_below_what_it_had_when_the_candidate_got_weight(Turn turn)
    {
        if (turn is { After: { Candidate: not null, Stable: { } stable, Current.StableFloor: > 0 and var floor }, Plan.IsAutoscaled: true })
        {
            // What changed hands was given when there were as many as the floor says.
            Assert.True(turn.TargetOf(stable) >= Math.Min(floor, turn.Plan.MaxReplicas ?? floor) - turn.Given(turn.After, floor));
        }
    }

    private static Action<Turn> Behind_a_route_nobody_is_scaled_down_before_the_route_sends_them_less()
    {
        // Whoever edits the spec may lower replicas, whatever is on its way.
        (RolloutPlan? plan, Dictionary<string, int> had) = (null, []);
        return turn =>
        {
            if (turn is { IsSameRollout: true, Observation.Traffic: { } traffic, Before: { IsCandidateAlone: false, Current.MaxWeight: > 0 }, After: { Candidate: { } candidate, Stable: { } stable, CandidateWeightPercent: var asked } }
                && turn.Plan == plan && candidate.ServingHash != stable.ServingHash)
            {
                // Replicas that were left from a release before are not what its requests need.
                bool Shrinks(Release release) => turn.Before.Retiring.All(pods => pods.ServingHash != release.ServingHash) && turn.TargetOf(release) < had.GetValueOrDefault(release.ServingHash);
                Assert.False(Shrinks(candidate) && turn.PodsOf(candidate).Ready > 0 && (traffic.WeightPercent ?? 100) > asked, $"the candidate loses a replica while the route sends it {traffic.WeightPercent}% and not {asked}%");
                // In a rollout of a version without plans stable may lack maxUnavailable at any time.
                Assert.False(Shrinks(stable) && turn.After.Current!.Capacity is not null && asked > 0 && (traffic.WeightPercent ?? 0) < asked, $"stable loses a replica while the route sends the candidate {traffic.WeightPercent}% and not {asked}%");
            }

            if (!turn.IsLost)
            {
                (plan, had) = (turn.Plan, turn.Decision.Pods.ToDictionary(target => target.ServingHash, target => target.Replicas));
            }
        };
    }

    private static void Pods_that_retire_go_only_after_their_delay_with_nothing_in_flight_or_at_their_deadline(Turn turn)
    {
        foreach (var gone in turn.Before.Retiring.Where(pods => turn.After.Retiring.All(kept => kept.ServingHash != pods.ServingHash)))
        {
            var seen = turn.Observation.Pods.FirstOrDefault(pods => pods.ServingHash == gone.ServingHash);
            var isDropped = turn.After.Retiring.Count == RolloutState.MaxRetiring;
            Assert.True(isDropped || turn.Now >= gone.Until);
            Assert.True(isDropped || turn.Now >= (gone.Deadline ?? gone.Until) || seen is null or { Desired: 0 } or { InFlight: 0 });
            Assert.DoesNotContain(gone.ServingHash, turn.Observation.Traffic?.Reachable ?? []);
        }
    }
}
