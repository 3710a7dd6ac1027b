namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Lets stable give the candidate another replica where there is no other room for it. Both together have all replicas but those that change hands, and requests
/// follow the pods: before stable loses one, the candidate takes the share that its ready pods carry.
/// </summary>
internal static class Exchange
{
    /// <summary>The candidate gives a replica back, so that stable's next pod finds room: when a revert begins and with each share that stable takes.</summary>
    public static Course Back(Situation situation, Course course)
    {
        if (Routing.Delays(situation, course))
        {
            return BackWhenInEffect(situation, course);
        }

        return course.Rollout is { Capacity: { Plan: CapacityPlan.Surge or CapacityPlan.TakeFromStable } choice } rollout
            ? course.With(rollout with { Capacity = choice with { Given = Math.Max(Math.Min(choice.Given, CapacityPlanning.Initial(choice)!.Given), choice.Given - choice.GivenPerReplica) } })
            : course;
    }

    /// <summary>The same where a weight takes time: the candidate keeps its replicas until it gets no more than it is asked to, and then only those that leave room for one more pod of stable.</summary>
    public static Course BackWhenInEffect(Situation situation, Course course)
    {
        if (!Routing.Delays(situation, course) || course.Rollout is not { Capacity: { Plan: CapacityPlan.Surge or CapacityPlan.TakeFromStable } choice } rollout || Routing.Pending(situation, course, rollout.WeightPercent) is not null)
        {
            return course;
        }

        var room = Math.Max(0, situation.Plan.Replicas - situation.PodsOf(course.State.Stable!).Ready - 1);
        var given = Math.Max(CapacityPlanning.Initial(choice)!.Given, room / choice.GivenPerReplica * choice.GivenPerReplica);
        return given < choice.Given ? course.With(rollout with { Capacity = choice with { Given = given } }) : course;
    }

    /// <summary>The candidate gives back all that a lower weight does not need.</summary>
    public static Course BackTo(Situation situation, Course course, int weightPercent)
    {
        if (course.Rollout is not { Capacity: { Plan: CapacityPlan.Surge or CapacityPlan.TakeFromStable, SurgeReplicas: { } surge } choice } rollout)
        {
            return course;
        }

        var needed = Math.Max(0, Capacity.Share(situation.Plan, weightPercent) - surge) * choice.GivenPerReplica;
        return course.With(rollout with { Capacity = choice with { Given = Math.Min(choice.Given, Math.Max(CapacityPlanning.Initial(choice)!.Given, needed)) } });
    }

    /// <summary>
    /// Waits for the pods that a share of the requests needs. One replica changes hands where the candidate may have no other and has all that it may have ready; more where it
    /// has more ready than it may have.
    /// </summary>
    /// <param name="weightPercent">Share that the candidate needs pods for; its weight stays below until they are all there.</param>
    /// <param name="missing">What is missing for it.</param>
    public static Course Wait(Situation situation, Course course, int weightPercent, Problem missing)
    {
        while (IsNext(situation, course, weightPercent))
        {
            var given = course.Rollout.Capacity!.Given;
            course = GiveOne(situation, course, weightPercent);
            if (course.Rollout.Capacity!.Given == given)
            {
                return course;
            }
        }

        return Waiting.ForPods(situation, course, missing);
    }

    /// <summary>Whether the candidate has all pods that it may have, and lacks others that stable may give.</summary>
    /// <inheritdoc cref="Wait" path="/param"/>
    public static bool IsNext(Situation situation, Course course, int weightPercent)
    {
        if (course.SharesPods || course.State.IsCandidateAlone || course.Rollout.Capacity is not { Fits: true, SurgeReplicas: not null } choice)
        {
            return false;
        }

        var (has, pods) = (Capacity.Limit(choice), situation.PodsOf(course.Candidate));
        return has < Capacity.Needed(situation.Plan, course.State, weightPercent) && pods.Ready >= has && pods.WarmedUp >= 1
            && choice.Given + choice.GivenPerReplica <= Capacity.MostGiven(situation.Plan, course.State);
    }

    /// <summary>One more replica for the candidate; where the route is not ready for it, a wait for that.</summary>
    private static Course GiveOne(Situation situation, Course course, int weightPercent)
    {
        var choice = course.Rollout.Capacity!;
        var (has, given) = (Capacity.Limit(choice), choice.Given + choice.GivenPerReplica);
        var after = course.With(course.Rollout with { Capacity = choice with { Given = given } });
        var stable = Capacity.OfStable(situation.Plan, after.State);
        // The step's own weight is set when all its pods are there.
        var carries = Math.Min(weightPercent - 1, 100 * has / (has + stable));
        if (Routing.Delays(situation, course) && carries > course.Rollout.WeightPercent)
        {
            if (Routing.Obstacle(situation, course) is { } obstacle)
            {
                return course.Wait(obstacle.Reason, obstacle.Message);
            }

            // Where a weight takes time, the requests go first and the replica follows once they have.
            course = course.With(WeightChange.To(course.Rollout, carries)).Tell(RolloutReasons.WeightChanged, $"asks for {carries}%, what {has} ready pods carry");
        }

        if (Routing.Pending(situation, course, course.Rollout.WeightPercent) is { } pending)
        {
            return course.Wait(pending.Reason, pending.Message);
        }

        var rollout = carries > course.Rollout.WeightPercent ? WeightChange.To(course.Rollout, carries) : course.Rollout;
        var message = $"stable gives {choice.GivenPerReplica} of its replicas and keeps {stable}; the candidate has {rollout.WeightPercent}% of the requests on {has} ready pods";
        return course.With(rollout with { Capacity = after.Rollout.Capacity }).Tell(RolloutReasons.ReplicaTaken, message);
    }
}
