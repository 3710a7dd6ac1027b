namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Lets stable give the candidate another replica where there is no other room for it. Both together have all replicas but those that change hands, and requests
/// follow the pods: before stable loses one, the candidate takes the share that its ready pods carry.
/// </summary>
internal static class Exchange
{
    /// <summary>The candidate gives a replica back, so that stable's next pod finds room: when a revert begins and with each share that stable takes.</summary>
    public static Rollout Back(Rollout rollout) => rollout.Capacity is { Plan: CapacityPlan.Surge or CapacityPlan.TakeFromStable } choice
        ? rollout with { Capacity = choice with { Given = Math.Max(Math.Min(choice.Given, CapacityPlanning.Initial(choice)!.Given), choice.Given - choice.GivenPerReplica) } }
        : rollout;

    /// <summary>The candidate gives back all that a lower weight does not need.</summary>
    public static Rollout BackTo(RolloutPlan plan, Rollout rollout, int weightPercent)
    {
        if (rollout.Capacity is not { Plan: CapacityPlan.Surge or CapacityPlan.TakeFromStable, SurgeReplicas: { } surge } choice)
        {
            return rollout;
        }

        var needed = Math.Max(0, Capacity.Share(plan, weightPercent) - surge) * choice.GivenPerReplica;
        return rollout with { Capacity = choice with { Given = Math.Min(choice.Given, Math.Max(CapacityPlanning.Initial(choice)!.Given, needed)) } };
    }

    /// <summary>One replica changes hands where the candidate needs more than it may have, and has all of that ready; more where it has more ready than it may have.</summary>
    /// <param name="weightPercent">Share that the candidate needs pods for; its weight stays below until they are all there.</param>
    public static Course Go(Situation situation, Course course, int weightPercent)
    {
        int? given;
        do
        {
            given = course.Rollout.Capacity?.Given;
            course = GiveOne(situation, course, weightPercent);
        }
        while (course.Rollout.Capacity?.Given > given);

        return course;
    }

    private static Course GiveOne(Situation situation, Course course, int weightPercent)
    {
        if (course.SharesPods || course.State.IsCandidateAlone || course.Rollout.Capacity is not { Fits: true, SurgeReplicas: not null } choice)
        {
            return course;
        }

        var has = Capacity.Limit(choice);
        var given = choice.Given + choice.GivenPerReplica;
        var pods = situation.PodsOf(course.Candidate);
        if (has >= Capacity.Needed(situation.Plan, course.State, weightPercent) || pods.Ready < has || pods.WarmedUp < 1 || given > Capacity.MostGiven(situation.Plan, course.State))
        {
            return course;
        }

        var after = course.With(course.Rollout with { Capacity = choice with { Given = given } });
        var stable = Capacity.OfStable(situation.Plan, after.State);
        // The step's own weight is set when all its pods are there.
        var carries = Math.Min(weightPercent - 1, 100 * has / (has + stable));
        if (Routing.Delays(situation, course) && carries > course.Rollout.WeightPercent)
        {
            // Where a weight takes time, the requests go first and the replica follows once they have.
            return Routing.Obstacle(situation, course) is null
                ? course.With(WeightChange.To(course.Rollout, carries)).Tell(RolloutReasons.WeightChanged, $"asks for {carries}%, what {has} ready pods carry")
                : course;
        }

        if (Routing.Pending(situation, course, course.Rollout.WeightPercent) is not null)
        {
            return course;
        }

        var rollout = carries > course.Rollout.WeightPercent ? WeightChange.To(course.Rollout, carries) : course.Rollout;
        var message = $"stable gives {choice.GivenPerReplica} of its replicas and keeps {stable}; the candidate has {rollout.WeightPercent}% of the requests on {has} ready pods";
        return course.With(rollout with { Capacity = after.Rollout.Capacity }).Tell(RolloutReasons.ReplicaTaken, message);
    }
}
