namespace LlmOps.Rollouts.Engine;

/// <summary>Chooses how the candidate gets room, from what the spec allows and what there is.</summary>
/// <remarks>
/// <code>
/// spec             fits beside stable: all that promotion needs   some or none
/// Auto             Surge                                          TakeFromStable where stable has 2 replicas or more and one of the candidate fits in
///                                                                 what it gives; else Recreate where downtime is allowed; else waits
/// Surge            Surge                                          Surge: its pods are asked for all the same, a node autoscaler may add nodes
/// TakeFromStable   TakeFromStable                                 TakeFromStable, or waits
/// Recreate         Recreate                                       Recreate, or waits
/// </code>
/// What must fit at the start is all that promotion needs, since nothing can be changed once the candidate has requests. Where less fits, the free room is used
/// first and stable gives the rest when a step needs it. The choice stays; only a candidate without requests whose pods find no room is given another.
/// </remarks>
internal static class CapacityPlanning
{
    /// <summary>How often room is looked for again while nothing fits, besides every change of a node, a quota or another rollout.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(10);

    /// <summary>Sets the choice where there is none that works and there are facts.</summary>
    public static Course Choose(Situation situation, Course course)
    {
        if (course.SharesPods || course.Rollout is not { Phase: RolloutPhase.Starting, WeightPercent: 0 } || !IsOpen(situation, course) ||
            situation.Observation.Capacity is not { } facts || facts.ServingHash != course.Candidate.ServingHash || facts.Fits.Count == 0)
        {
            return course;
        }

        var before = course.Rollout.Capacity;
        var choice = Choose(situation.Plan, facts, course.IsFirstRelease, situation.Now);
        choice = choice with { Message = Excerpt.Of(choice.Message) };
        // A choice that works keeps the numbers that it was made on.
        var words = before is { Fits: true } ? before.Message : choice.Message;
        if (before is not null && choice with { At = before.At, Message = words } == before)
        {
            choice = before;
        }

        course = course.With(course.Rollout with { Capacity = choice });
        return choice.Fits ? course : course with { LookAgainAt = situation.Now + LookAgainAfter };
    }

    /// <summary>The choice of before stable gave anything: for a candidate that lost its requests.</summary>
    public static CapacityChoice? Initial(CapacityChoice? choice) =>
        choice is { Plan: CapacityPlan.Surge or CapacityPlan.TakeFromStable } ? choice with { Given = FirstGiven(choice) } : choice;

    private static bool IsOpen(Situation situation, Course course) =>
        course.Rollout.Capacity is not { Fits: true } || (!course.IsFirstRelease && situation.PodsOf(course.Candidate).Problem?.Reason == RolloutReasons.InsufficientGpus);

    private static CapacityChoice Choose(RolloutPlan plan, CapacityObservation facts, bool isFirstRelease, DateTimeOffset now)
    {
        var needed = Math.Max(1, plan.Replicas);
        var beside = Math.Min(facts.Fits[0], Capacity.SurgeReplicas(plan) ?? int.MaxValue);
        var choice = new CapacityChoice(CapacityPlan.Auto, false, 0, 1, 0, plan.GpusPerReplica, facts.Arithmetic, now);
        if (plan.GpusPerReplica == 0)
        {
            return choice with { Plan = CapacityPlan.Surge, Fits = true, SurgeReplicas = null, Message = "a replica needs no GPU: the candidate starts beside stable" };
        }

        if (isFirstRelease)
        {
            var message = facts.Fits[0] >= needed ? $"all {needed} replicas fit" : $"{facts.Fits[0]} of {needed} replicas fit now: add GPUs or lower replicas";
            return choice with { Plan = CapacityPlan.Surge, Fits = facts.Fits[0] >= 1, SurgeReplicas = null, Message = $"{message} ({facts.Arithmetic})" };
        }

        return plan.Capacity switch
        {
            CapacityPlan.Surge => Surge(plan, choice, facts, needed, beside),
            CapacityPlan.TakeFromStable => Take(plan, choice, facts, needed, beside) ?? Waits(choice with { Plan = CapacityPlan.TakeFromStable }, WhyNotTake(plan, facts, needed), facts),
            CapacityPlan.Recreate => Recreate(plan, choice, facts, needed) ?? Waits(choice with { Plan = CapacityPlan.Recreate }, WhyNotRecreate(plan, facts, needed), facts),
            _ when beside >= needed => Surge(plan, choice, facts, needed, beside),
            _ => Take(plan, choice, facts, needed, beside) ?? Recreate(plan, choice, facts, needed)
                ?? Waits(choice, $"{Beside(plan, facts, beside)}; {WhyNotTake(plan, facts, needed)}{(plan.AllowDowntime ? $"; {WhyNotRecreate(plan, facts, needed)}" : string.Empty)}", facts),
        };
    }

    private static CapacityChoice Surge(RolloutPlan plan, CapacityChoice choice, CapacityObservation facts, int needed, int beside)
    {
        var cap = Capacity.SurgeReplicas(plan);
        var isCapped = cap < Math.Min(needed, facts.Fits[0]);
        var message = beside >= needed ? $"all {needed} replicas that promotion needs fit beside stable"
            : isCapped ? $"maxSurgeGpus {plan.MaxSurgeGpus} allows {cap} of {needed} replicas beside stable; at promotion stable gives way one by one"
            : $"{facts.Fits[0]} of the {needed} replicas that promotion needs fit beside stable: add GPUs, or set rollout.capacity.plan to Auto or TakeFromStable";
        return choice with { Plan = CapacityPlan.Surge, Fits = beside >= 1, SurgeReplicas = cap, Message = $"{message} ({facts.Arithmetic})" };
    }

    private static CapacityChoice? Take(RolloutPlan plan, CapacityChoice choice, CapacityObservation facts, int needed, int beside)
    {
        var most = Math.Min(plan.MaxUnavailable ?? int.MaxValue, Math.Max(0, plan.Replicas - 1));
        if (PerReplica(facts, most) is not { } perReplica || facts.Fits[^1] < needed)
        {
            return null;
        }

        choice = choice with { Plan = CapacityPlan.TakeFromStable, Fits = true, SurgeReplicas = beside, GivenPerReplica = perReplica };
        var surge = beside == 0 ? "no replica fits beside stable" : $"{beside} of the {needed} replicas that promotion needs fit beside stable";
        return choice with { Given = FirstGiven(choice), Message = $"{surge}: stable gives up to {most} of its {plan.Replicas}, {perReplica} at a time, as steps need them ({facts.Arithmetic})" };
    }

    private static CapacityChoice? Recreate(RolloutPlan plan, CapacityChoice choice, CapacityObservation facts, int needed) => plan.AllowDowntime && facts.Fits[^1] >= needed
        ? choice with
        {
            Plan = CapacityPlan.Recreate,
            Fits = true,
            SurgeReplicas = null,
            Message = $"stable's pods make way and nobody serves until the candidate does, as allowDowntime says; gates run without comparison and weights are skipped ({facts.Arithmetic})",
        }
        : null;

    private static CapacityChoice Waits(CapacityChoice choice, string why, CapacityObservation facts) => choice with { Message = $"{why} ({facts.Arithmetic})" };

    private static string Beside(RolloutPlan plan, CapacityObservation facts, int beside) => beside < facts.Fits[0]
        ? $"maxSurgeGpus {plan.MaxSurgeGpus} allows {beside} replicas beside stable"
        : $"{beside} of the {Math.Max(1, plan.Replicas)} replicas that promotion needs fit beside stable";

    private static string WhyNotTake(RolloutPlan plan, CapacityObservation facts, int needed) => plan switch
    {
        { Replicas: < 2 } => "stable has no second replica to give: add GPUs, raise replicas to 2, or allow an outage with rollout.capacity.allowDowntime",
        { MaxUnavailable: 0 } => "maxUnavailable 0 lets stable give nothing: add GPUs or raise rollout.capacity.maxUnavailable",
        _ when facts.Fits[^1] < needed => $"without any of stable's pods only {facts.Fits[^1]} of {needed} replicas would fit: add GPUs or lower replicas",
        _ => "what stable may give is too little for one replica: add GPUs, raise rollout.capacity.maxUnavailable, or allow an outage with rollout.capacity.allowDowntime",
    };

    private static string WhyNotRecreate(RolloutPlan plan, CapacityObservation facts, int needed) => plan.AllowDowntime
        ? $"without any of stable's pods only {facts.Fits[^1]} of {needed} replicas would fit: add GPUs or lower replicas"
        : "plan Recreate needs rollout.capacity.allowDowntime";

    /// <summary>The fewest stable replicas that make room for one more of the candidate; null where what may be given does not.</summary>
    private static int? PerReplica(CapacityObservation facts, int most)
    {
        for (var given = 1; given <= most && given < facts.Fits.Count; given++)
        {
            if (facts.Fits[given] > facts.Fits[0])
            {
                return given;
            }
        }

        // There is room for all, and the spec does not let it be used.
        return most >= 1 && facts.Fits[0] == facts.Fits[^1] && facts.Fits[0] >= 1 ? 1 : null;
    }

    private static int FirstGiven(CapacityChoice choice) => choice is { Plan: CapacityPlan.TakeFromStable, SurgeReplicas: 0 } ? choice.GivenPerReplica : 0;
}
