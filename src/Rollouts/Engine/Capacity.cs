namespace LlmOps.Rollouts.Engine;

/// <summary>How many pods each release needs, and whether the candidate has them.</summary>
internal static class Capacity
{
    /// <summary>
    /// All pods that must exist. Stable keeps what all traffic needs, since a revert may give it all back at any moment; only replicas that the user allowed to
    /// be unavailable go to the candidate. The candidate's never shrink while its rollout runs.
    /// </summary>
    public static EquatableArray<ServingTarget> Targets(RolloutPlan plan, RolloutState state)
    {
        var targets = new SortedDictionary<string, int>(StringComparer.Ordinal);
        void Need(string servingHash, int replicas) => targets[servingHash] = Math.Max(replicas, targets.GetValueOrDefault(servingHash));

        var candidate = Candidate(plan, state);
        if (state.Stable is { } stable)
        {
            // On the way back stable gets all that it needs, also what it had given.
            var given = state is { Candidate: not null, Current.Phase: RolloutPhase.Reverting } ? 0 : Taken(plan, candidate);
            Need(stable.ServingHash, Floor(plan, state) - given);
        }

        if (state.Candidate is { } tried && tried.ServingHash != state.Stable?.ServingHash)
        {
            Need(tried.ServingHash, candidate);
        }

        foreach (var retiring in state.Retiring)
        {
            Need(retiring.ServingHash, retiring.Replicas);
        }

        return targets.Select(target => new ServingTarget(target.Key, target.Value)).ToEquatableArray();
    }

    /// <summary>Why the candidate cannot carry a share of the requests yet; null when it can. 0 asks for one pod that answers, for gates.</summary>
    public static Problem? Missing(Situation situation, Course course, int weightPercent)
    {
        var needed = course.SharesPods || course.IsFirstRelease ? 1 : Math.Max(1, Bounded(situation.Plan, course.State, Share(situation.Plan, weightPercent)));
        var pods = situation.PodsOf(course.Candidate);
        if (pods.Ready < needed)
        {
            return !course.SharesPods && MostForCandidate(situation.Plan, course.State) == 0
                ? new(RolloutReasons.InsufficientGpus, $"maxSurgeGpus {situation.Plan.MaxSurgeGpus} is less than the {situation.Plan.GpusPerReplica} GPUs of a replica and stable has none to give: raise maxSurgeGpus, or maxUnavailable and replicas")
                : pods.Problem is { } problem ? problem with { Message = Excerpt.Of(problem.Message) }
                : new(RolloutReasons.WaitingForPods, $"needs {needed} ready pods of release {course.Candidate.Hash}");
        }

        return pods.WarmedUp < 1
            ? new(RolloutReasons.WaitingForWarmUp, pods.Problem?.Message ?? $"no pod of release {course.Candidate.Hash} has answered a warm-up request yet")
            : null;
    }

    /// <summary>
    /// Share of the requests, in per cent, that stable's ready pods can carry; 100 where nothing is known of them, since nothing may stand in front of a revert.
    /// Pods that stable gave to the candidate are not waited for: they come back only when the candidate has gone.
    /// </summary>
    public static int CarriedByStable(Situation situation, Course course)
    {
        var needed = NeededByStable(situation.Plan, course.State);
        var pods = situation.Observation.Pods.FirstOrDefault(pods => pods.ServingHash == course.State.Stable?.ServingHash);
        return pods is null || needed <= 0 ? 100 : (int)Math.Min(100, 100L * pods.Ready / needed);
    }

    /// <summary>Pods with which stable carries all requests, as far as it may have them while the candidate is there.</summary>
    public static int NeededByStable(RolloutPlan plan, RolloutState state) => plan.Replicas - Taken(plan, Candidate(plan, state));

    /// <summary>Share of the requests, in per cent, that the candidate can carry with all the pods that it may have.</summary>
    public static int CarriedByCandidate(RolloutPlan plan, RolloutState state) =>
        plan.Replicas == 0 ? 100 : (int)(100L * Bounded(plan, state, plan.Replicas) / plan.Replicas);

    /// <summary>Keeps what stable needs when a rollout first gets weight, so that an autoscaler that sees the load move away does not take the way back.</summary>
    public static Course KeepFloor(Situation situation, Course course) =>
        situation.Plan.IsAutoscaled && course is { IsActive: true, IsFirstRelease: false, Rollout: { StableFloor: 0, WeightPercent: > 0 } rollout }
            ? course.With(rollout with { StableFloor = situation.Plan.Replicas })
            : course;

    /// <summary>Replicas that all traffic needs. An autoscaler cannot lower them while a candidate is tried; a person can, by replicas or by the autoscaler's bounds.</summary>
    private static int Floor(RolloutPlan plan, RolloutState state) =>
        plan.IsAutoscaled && state is { Candidate: not null, Current.StableFloor: var floor }
            ? Math.Max(plan.Replicas, Math.Min(floor, plan.MaxReplicas ?? floor))
            : plan.Replicas;

    /// <summary>Replicas of the candidate's own pods; 0 where it has none of its own.</summary>
    private static int Candidate(RolloutPlan plan, RolloutState state)
    {
        if (state is not { Candidate: { } candidate, Current: { } rollout } || candidate.ServingHash == state.Stable?.ServingHash)
        {
            return 0;
        }

        var index = Steps.Clamp(plan.Steps, rollout.StepIndex, state.Stable is null);
        var takesAll = rollout.Phase is RolloutPhase.Promoting or RolloutPhase.Baking || index >= plan.Steps.Count
            || (rollout.Phase is RolloutPhase.Reverting && rollout.StepIndex >= plan.Steps.Count);
        var weight = rollout.Phase is RolloutPhase.Stepping or RolloutPhase.Reverting && index < plan.Steps.Count && plan.Steps[index] is WeightStep step ? step.WeightPercent : 0;
        var replicas = Bounded(plan, state, takesAll ? Math.Max(1, plan.Replicas) : Share(plan, Math.Max(weight, rollout.MaxWeight)));

        // A cap that is lowered meanwhile does not take the last pod from under the traffic.
        return rollout.WeightPercent > 0 ? Math.Max(1, replicas) : replicas;
    }

    private static int Share(RolloutPlan plan, int weightPercent) => Math.Max(1, (int)(((long)plan.Replicas * weightPercent + 99) / 100));

    private static int Bounded(RolloutPlan plan, RolloutState state, int replicas) => Math.Min(replicas, MostForCandidate(plan, state));

    private static int MostForCandidate(RolloutPlan plan, RolloutState state) =>
        state.Stable is null || SurgeReplicas(plan) is not { } surge ? int.MaxValue : surge + Given(plan);

    private static int Taken(RolloutPlan plan, int candidate) => Math.Clamp(candidate - (SurgeReplicas(plan) ?? candidate), 0, Given(plan));

    private static int Given(RolloutPlan plan) => Math.Clamp(plan.MaxUnavailable, 0, Math.Max(0, plan.Replicas - 1));

    private static int? SurgeReplicas(RolloutPlan plan) => plan is { MaxSurgeGpus: { } gpus, GpusPerReplica: > 0 } ? gpus / plan.GpusPerReplica : null;
}
