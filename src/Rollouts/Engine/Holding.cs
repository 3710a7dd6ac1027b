namespace LlmOps.Rollouts.Engine;

/// <summary>Sets the weight of a step once the pods for it are observed, and holds it until time, requests and evidence allow the next step.</summary>
internal static class Holding
{
    public static Course Go(Situation situation, Course course, WeightStep step, bool mayComplete)
    {
        if (course.Rollout.HoldStartedAt is not { } holdStartedAt || course.Rollout.WeightPercent != step.WeightPercent)
        {
            course = SetWeight(situation, course.Rollout.WeightPercent == step.WeightPercent ? course : Routing.Settle(situation, course), step);
            return course.Rollout.HoldStartedAt is { } started && course.Rollout.WeightPercent == step.WeightPercent
                ? WaitOut(situation, course, step, started, mayComplete: false)
                : course;
        }

        return WaitOut(situation, course, step, holdStartedAt, mayComplete);
    }

    private static Course WaitOut(Situation situation, Course course, WeightStep step, DateTimeOffset holdStartedAt, bool mayComplete)
    {
        if (EvidenceBook.Mismatch(course) is { } mismatch)
        {
            return EvidenceBook.Wait(situation, course, mismatch);
        }

        var until = holdStartedAt + step.HoldFor;
        if (situation.Now < until)
        {
            return course.Wait(RolloutReasons.Holding, Describe(step, until));
        }

        if (Routing.Wait(situation, course) is { } waiting)
        {
            return waiting;
        }

        if ((EvidenceBook.Blocks(situation, course, Math.Max(1, step.MinRequests)) ?? Proving.Blocks(situation, course)) is { } blocked)
        {
            return EvidenceBook.Wait(situation, course, blocked);
        }

        return mayComplete ? Stepping.Complete(situation, EvidenceBook.RecordPass(situation, course)) : course;
    }

    private static Course SetWeight(Situation situation, Course course, WeightStep step)
    {
        var rises = step.WeightPercent > course.Rollout.WeightPercent;
        if (rises && Capacity.Missing(situation, course, step.WeightPercent) is { } missing)
        {
            return Exchange.Wait(situation, course, step.WeightPercent, missing);
        }

        (course, var isLowering) = Lowering.Go(situation, course, step.WeightPercent);
        if (isLowering)
        {
            return course;
        }

        if (rises && Routing.Obstacle(situation, course) is { } obstacle)
        {
            return course.Wait(obstacle.Reason, obstacle.Message);
        }

        if (Routing.Pending(situation, course, step.WeightPercent) is { } pending)
        {
            // The weight is asked for now; the hold begins when it is in effect.
            course = course.Rollout.WeightPercent == step.WeightPercent
                ? course
                : course.With(WeightChange.To(course.Rollout, step.WeightPercent)).Tell(RolloutReasons.WeightChanged, $"asks for {step.WeightPercent}%");
            return course.Wait(pending.Reason, pending.Message);
        }

        course = course.With(WeightChange.Hold(course.Rollout, step.WeightPercent, situation.Now));
        var message = Describe(step, situation.Now + step.HoldFor);
        return course.Wait(RolloutReasons.Holding, message).Tell(RolloutReasons.WeightChanged, message);
    }

    private static string Describe(WeightStep step, DateTimeOffset until) =>
        $"holds {step.WeightPercent}% until {Waiting.Time(until)} and at least {Math.Max(1, step.MinRequests)} requests";
}
