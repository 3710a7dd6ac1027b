namespace LlmOps.Rollouts.Engine;

/// <summary>How many pods each release needs, and whether the candidate has them.</summary>
/// <remarks>
/// <code>
/// plan             stable                      candidate
/// Surge            all                         what its weight needs, up to the surge
/// TakeFromStable   all less what it has given  what its weight needs, up to the surge and what stable has given
/// Recreate         none                        all
/// Auto             all                         none: nothing fits, it waits
/// none chosen      all less maxUnavailable     what its weight needs, up to maxSurgeGpus and maxUnavailable
/// </code>
/// The last line is for a rollout that an older version started.
/// </remarks>
internal static class Capacity
{
    /// <summary>
    /// All pods that must exist. Stable keeps what all traffic needs, since a revert may give it all back at any moment; only replicas that the user allowed to
    /// be unavailable go to the candidate. The candidate's never shrink while it has weight.
    /// </summary>
    public static EquatableArray<ServingTarget> Targets(RolloutPlan plan, RolloutState state)
    {
        var targets = new SortedDictionary<string, int>(StringComparer.Ordinal);
        void Need(string servingHash, int replicas) => targets[servingHash] = Math.Max(replicas, targets.GetValueOrDefault(servingHash));

        var candidate = Candidate(plan, state);
        if (state.Stable is { } stable)
        {
            Need(stable.ServingHash, Stable(plan, state, candidate));
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

    /// <summary>Pods that stable is to have; only where something serves.</summary>
    public static int OfStable(RolloutPlan plan, RolloutState state) => Targets(plan, state).First(target => target.ServingHash == state.Stable!.ServingHash).Replicas;

    /// <summary>Why the candidate cannot carry a share of the requests yet; null when it can. 0 asks for one pod that answers, for gates.</summary>
    public static Problem? Missing(Situation situation, Course course, int weightPercent)
    {
        if (!course.SharesPods && Waits(course.State))
        {
            return new(RolloutReasons.InsufficientGpus, Excerpt.Of(course.Rollout.Capacity!.Message));
        }

        var needed = course.SharesPods || course.State.IsCandidateAlone ? 1 : Needed(situation.Plan, course.State, weightPercent);
        var pods = situation.PodsOf(course.Candidate);
        if (pods.Ready < needed)
        {
            return !course.SharesPods && MostForCandidate(situation.Plan, course.State) == 0
                ? new(RolloutReasons.InsufficientGpus, $"maxSurgeGpus {situation.Plan.MaxSurgeGpus} is less than the {situation.Plan.GpusPerReplica} GPUs of a replica and stable has none to give: raise maxSurgeGpus, or maxUnavailable and replicas")
                : pods.Problem is { } problem ? problem with { Message = Excerpt.Of(problem.Message) }
                : course.Rollout is { Phase: RolloutPhase.Starting, Capacity: { Fits: false } choice } ? new(RolloutReasons.InsufficientGpus, Excerpt.Of(choice.Message))
                : new(RolloutReasons.WaitingForPods, $"needs {needed} ready pods of release {course.Candidate.Hash}");
        }

        if (pods.WarmedUp < 1)
        {
            return new(RolloutReasons.WaitingForWarmUp, pods.Problem?.Message ?? $"no pod of release {course.Candidate.Hash} has answered a warm-up request yet");
        }

        // Gateways send requests to the endpoints of the Service, which are written after the pods are ready, by somebody else.
        return pods.Listed < needed
            ? new(RolloutReasons.WaitingForEndpoints, $"needs {needed} ready endpoints in the Service of release {course.Candidate.Hash}")
            : null;
    }

    /// <summary>
    /// Share of the requests, in per cent, that stable's ready pods can carry; 100 where nothing is known of them, since nothing may stand in front of a revert.
    /// </summary>
    public static int CarriedByStable(Situation situation, Course course)
    {
        var needed = NeededByStable(situation.Plan, course.State);
        var pods = situation.Observation.Pods.FirstOrDefault(pods => pods.ServingHash == course.State.Stable?.ServingHash);
        return pods is null || needed <= 0 ? 100 : (int)Math.Min(100, 100L * pods.Ready / needed);
    }

    /// <summary>
    /// Pods with which stable carries all requests. What it had to give before the candidate had any requests is not waited for: it carried everything without.
    /// </summary>
    public static int NeededByStable(RolloutPlan plan, RolloutState state) => state.Current?.Capacity is { } choice
        ? plan.Replicas - (CapacityPlanning.Initial(choice)?.Given ?? 0)
        : plan.Replicas - Taken(plan, Candidate(plan, state));

    /// <summary>Share of the requests, in per cent, that the candidate can carry with all the pods that it may have.</summary>
    public static int CarriedByCandidate(RolloutPlan plan, RolloutState state) =>
        plan.Replicas == 0 ? 100 : (int)(100L * Math.Min(plan.Replicas, MostForCandidate(plan, state)) / plan.Replicas);

    /// <summary>Keeps what stable needs when a rollout first gets weight, so that an autoscaler that sees the load move away does not take the way back.</summary>
    public static Course KeepFloor(Situation situation, Course course) =>
        situation.Plan.IsAutoscaled && course is { IsActive: true, IsFirstRelease: false, Rollout: { StableFloor: 0, WeightPercent: > 0 } rollout }
            ? course.With(rollout with { StableFloor = situation.Plan.Replicas })
            : course;

    /// <summary>Pods that a share of the requests needs, as far as the plan lets the candidate have them; at least 1.</summary>
    public static int Needed(RolloutPlan plan, RolloutState state, int weightPercent) =>
        Math.Max(1, Math.Min(Share(plan, weightPercent), MostForCandidate(plan, state)));

    /// <summary>Replicas that the candidate may have now, with what stable has given so far.</summary>
    public static int Limit(CapacityChoice choice) =>
        choice.SurgeReplicas is { } surge ? (int)Math.Min(int.MaxValue, surge + (long)(choice.Given / choice.GivenPerReplica)) : int.MaxValue;

    /// <summary>Stable replicas that may be given up in all; what was given stays given when the spec allows less. Once the steps are done stable is leaving: all but the last.</summary>
    public static int MostGiven(RolloutPlan plan, RolloutState state) => state switch
    {
        { Stable: null } => 0,
        { Current: { Capacity: not null, Phase: RolloutPhase.Promoting or RolloutPhase.Baking or RolloutPhase.Reverting } } => AllButOne(plan),
        { Current.Capacity: { Plan: CapacityPlan.Surge } } => 0,
        { Current.Capacity: { } choice } => Math.Max(choice.Given, Math.Min(plan.MaxUnavailable ?? int.MaxValue, AllButOne(plan))),
        _ => Math.Min(plan.MaxUnavailable ?? 0, AllButOne(plan)),
    };

    public static int? SurgeReplicas(RolloutPlan plan) => plan is { MaxSurgeGpus: { } gpus, GpusPerReplica: > 0 } ? gpus / plan.GpusPerReplica : null;

    /// <summary>Whether the candidate gets no pods for want of room.</summary>
    private static bool Waits(RolloutState state) =>
        state is { Stable: not null, Current.Capacity: { Fits: false, Plan: not CapacityPlan.Surge } };

    /// <summary>On the way back stable asks for all that it needs, also for what it gave: its pods start as the candidate's go.</summary>
    private static int Stable(RolloutPlan plan, RolloutState state, int candidate) => state switch
    {
        { Candidate: null } or { Current.Phase: RolloutPhase.Reverting } => Floor(plan, state),
        { Current.Capacity: { Plan: CapacityPlan.Recreate, Fits: true } } => 0,
        { Current.Capacity: { } choice } => Math.Max(Math.Min(1, plan.Replicas), Floor(plan, state) - (choice.Fits ? choice.Given : 0)),
        _ => Floor(plan, state) - Taken(plan, candidate),
    };

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

        if (Waits(state))
        {
            return 0;
        }

        var index = Steps.Clamp(plan.Steps, state);
        var takesAll = rollout.Kind is RolloutKind.Rollback || rollout.Phase is RolloutPhase.Promoting or RolloutPhase.Baking || index >= plan.Steps.Count || rollout.Capacity?.Plan == CapacityPlan.Recreate
            || (rollout.Phase is RolloutPhase.Reverting && rollout.StepIndex >= plan.Steps.Count);
        var weight = rollout.Phase is RolloutPhase.Stepping or RolloutPhase.Reverting && index < plan.Steps.Count && plan.Steps[index] is WeightStep step ? step.WeightPercent : 0;
        var wanted = takesAll ? Math.Max(1, plan.Replicas) : Share(plan, Math.Max(weight, rollout.MaxWeight));
        var most = state.Stable is not null && rollout.Capacity is { Plan: not CapacityPlan.Recreate } choice ? Limit(choice) : MostForCandidate(plan, state);
        var replicas = Math.Min(wanted, most);

        // A cap that is lowered meanwhile does not take the last pod from under the traffic.
        return rollout.WeightPercent > 0 ? Math.Max(1, replicas) : replicas;
    }

    /// <summary>Pods that a share of the requests is of all: rounded up, 1 at least.</summary>
    public static int Share(RolloutPlan plan, int weightPercent) => Math.Max(1, (int)(((long)plan.Replicas * weightPercent + 99) / 100));

    private static int MostForCandidate(RolloutPlan plan, RolloutState state)
    {
        if (state.Stable is null || state.Current?.Capacity is { Plan: CapacityPlan.Recreate })
        {
            return int.MaxValue;
        }

        var (surge, perReplica) = state.Current?.Capacity is { } choice ? (choice.SurgeReplicas, choice.GivenPerReplica) : (SurgeReplicas(plan), 1);
        return surge is { } most ? (int)Math.Min(int.MaxValue, most + (long)(MostGiven(plan, state) / perReplica)) : int.MaxValue;
    }

    /// <summary>What stable gives where no plan was chosen.</summary>
    private static int Taken(RolloutPlan plan, int candidate) =>
        Math.Clamp(candidate - (SurgeReplicas(plan) ?? candidate), 0, Math.Min(plan.MaxUnavailable ?? 0, AllButOne(plan)));

    private static int AllButOne(RolloutPlan plan) => Math.Max(0, plan.Replicas - 1);
}
