namespace LlmOps.Rollouts.Engine;

/// <summary>
/// A weight that falls because somebody edited the steps. Stable takes back what its ready pods carry, and the replicas that it gave follow one by one, as on the way back of
/// a revert.
/// </summary>
internal static class Lowering
{
    /// <summary>The course at the lowest weight that stable can let it have now, and whether that is still above the one that is asked for.</summary>
    public static (Course Course, bool Waits) Go(Situation situation, Course course, int weightPercent)
    {
        var (before, left) = (course.Rollout.WeightPercent, Reverting.WeightLeft(situation, course));
        if (before <= weightPercent || left <= weightPercent)
        {
            // Where a weight takes time, the replicas follow once it is in effect.
            var mayGive = Routing.Delays(situation, course) ? before == weightPercent && Routing.Pending(situation, course, weightPercent) is null : before > weightPercent;
            return (mayGive ? Exchange.BackTo(situation, course, weightPercent) : course, false);
        }

        course = course.With(WeightChange.To(course.Rollout, left));
        course = left < before ? Exchange.Back(situation, course) : course;
        // Once stable has all that it asks for it asks for more.
        for (var given = int.MaxValue; course.Rollout.Capacity?.Given < given && situation.PodsOf(course.State.Stable!).Ready >= Capacity.OfStable(situation.Plan, course.State);)
        {
            given = course.Rollout.Capacity.Given;
            course = Exchange.Back(situation, course);
        }

        course = course.Wait(RolloutReasons.WaitingForStable, $"goes down to {weightPercent}% as more of the {Capacity.NeededByStable(situation.Plan, course.State)} pods of release {course.State.Stable!.Hash} get ready");
        return (left < before ? course.Tell(RolloutReasons.WeightChanged, $"goes down: {left}% are left to release {course.Candidate.Hash}") : course, true);
    }
}
