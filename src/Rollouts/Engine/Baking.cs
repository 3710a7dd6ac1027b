namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Keeps a candidate that has gone through all steps at nearly all of the traffic for a while, before the roles are swapped. Stable keeps its pods and the rest of
/// the requests, so that live tests have a control group and the way back needs no cold start.
/// </summary>
internal static class Baking
{
    public static Course Begin(Situation situation, Course course)
    {
        var weight = Weight(situation.Plan, course);
        course = course.Enter(RolloutPhase.Baking, RolloutReasons.Baking);
        if (Routing.Pending(situation, course, weight) is not { } pending)
        {
            return Hold(situation, course, weight);
        }

        course = course.With(WeightChange.To(course.Rollout, weight) with { StepStartedAt = situation.Now });
        return course.Wait(pending.Reason, pending.Message).Tell(RolloutReasons.WeightChanged, $"asks for {weight}%");
    }

    public static Course Go(Situation situation, Course course)
    {
        var isPromoted = course.Rollout.PromotedBy is not null;
        if (course.Rollout.HoldStartedAt is null)
        {
            if (Routing.Pending(situation, course, course.Rollout.WeightPercent) is { } pending)
            {
                return course.Wait(pending.Reason, pending.Message);
            }

            // Whoever promoted it by hand waits for no bake.
            if (!isPromoted)
            {
                course = Hold(situation, course, course.Rollout.WeightPercent);
                // A bake that was taken out of the spec meanwhile still waits for requests at its weight.
                if (situation.Plan.Bake > TimeSpan.Zero)
                {
                    return course;
                }
            }
        }

        var until = (course.Rollout.HoldStartedAt ?? situation.Now) + situation.Plan.Bake;
        if (situation.Now < until && !isPromoted)
        {
            return course.Wait(RolloutReasons.Baking, Describe(course, until));
        }

        if (Routing.Wait(situation, course, mayMismatch: isPromoted) is { } waiting)
        {
            return waiting;
        }

        if (!isPromoted && EvidenceBook.Blocks(situation, course, minRequests: 1) is { } blocked)
        {
            return EvidenceBook.Wait(situation, course, blocked);
        }

        return Capacity.Missing(situation, course, weightPercent: 100) is { } missing
            ? Waiting.ForPods(situation, course, missing)
            : Promoting.Swap(situation, EvidenceBook.RecordPass(situation, course));
    }

    private static Course Hold(Situation situation, Course course, int weightPercent)
    {
        course = course.With(WeightChange.Hold(course.Rollout, weightPercent, situation.Now) with { StepStartedAt = situation.Now });
        var message = Describe(course, situation.Now + situation.Plan.Bake);
        return course.Wait(RolloutReasons.Baking, message).Tell(RolloutReasons.Baking, message);
    }

    /// <summary>Whether the bake may end before its time, because another release is asked for: the pods for all traffic are there, and the counts say nothing against it.</summary>
    public static bool MayEndEarly(Situation situation, Course course) =>
        EvidenceBook.Blocks(situation, course, minRequests: 0) is null && Capacity.Missing(situation, course, weightPercent: 100) is null;

    /// <summary>The bake's weight: never below the step before, and no more than pods under a surge cap can carry.</summary>
    private static int Weight(RolloutPlan plan, Course course)
    {
        var carried = course.SharesPods ? 100 : Capacity.CarriedByCandidate(plan, course.State);
        return Math.Max(course.Rollout.WeightPercent, Math.Min(plan.BakeWeightPercent, carried));
    }

    private static string Describe(Course course, DateTimeOffset until) =>
        $"bakes at {course.Rollout.WeightPercent}% until {Waiting.Time(until)}; release {course.State.Stable!.Hash} stays warm";
}
