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
            Need(stable.ServingHash, plan.Replicas - Math.Clamp(candidate - (SurgeReplicas(plan) ?? candidate), 0, Given(plan)));
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

    /// <summary>Replicas of the candidate's own pods; 0 where it has none of its own.</summary>
    private static int Candidate(RolloutPlan plan, RolloutState state)
    {
        if (state is not { Candidate: { } candidate, Current: { } rollout } || candidate.ServingHash == state.Stable?.ServingHash)
        {
            return 0;
        }

        var index = Steps.Clamp(plan.Steps, rollout.StepIndex, state.Stable is null);
        var takesAll = rollout.Phase is RolloutPhase.Promoting || index >= plan.Steps.Count;
        var weight = rollout.Phase is RolloutPhase.Stepping && index < plan.Steps.Count && plan.Steps[index] is WeightStep step ? step.WeightPercent : 0;
        var replicas = Bounded(plan, state, takesAll ? Math.Max(1, plan.Replicas) : Share(plan, Math.Max(weight, rollout.MaxWeight)));

        // A cap that is lowered meanwhile does not take the last pod from under the traffic.
        return rollout.WeightPercent > 0 ? Math.Max(1, replicas) : replicas;
    }

    private static int Share(RolloutPlan plan, int weightPercent) => Math.Max(1, (int)(((long)plan.Replicas * weightPercent + 99) / 100));

    private static int Bounded(RolloutPlan plan, RolloutState state, int replicas) => Math.Min(replicas, MostForCandidate(plan, state));

    private static int MostForCandidate(RolloutPlan plan, RolloutState state) =>
        state.Stable is null || SurgeReplicas(plan) is not { } surge ? int.MaxValue : surge + Given(plan);

    private static int Given(RolloutPlan plan) => Math.Clamp(plan.MaxUnavailable, 0, Math.Max(0, plan.Replicas - 1));

    private static int? SurgeReplicas(RolloutPlan plan) => plan is { MaxSurgeGpus: { } gpus, GpusPerReplica: > 0 } ? gpus / plan.GpusPerReplica : null;
}
