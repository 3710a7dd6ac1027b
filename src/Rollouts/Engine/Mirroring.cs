namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Has gateways copy stable's requests to the candidate, while users get stable's answers alone: live tests see the candidate under real requests at a weight
/// of 0. Each mirror step is an epoch of its own. Copies end with the step.
/// </summary>
internal static class Mirroring
{
    public static Course Go(Situation situation, Course course, MirrorStep step, bool mayComplete)
    {
        if (course.Rollout.HoldStartedAt is not { } holdStartedAt || course.Rollout.Mirror != step.Mirror || course.Rollout.WeightPercent > 0)
        {
            course = Begin(situation, course, step);
            return course.Rollout is { HoldStartedAt: { } started, Mirror: not null } ? WaitOut(situation, course, step, started, mayComplete: false) : course;
        }

        return WaitOut(situation, course, step, holdStartedAt, mayComplete);
    }

    /// <summary>The step that copied is done, or gone from the spec.</summary>
    public static Course Stop(Course course) =>
        course.Rollout.Mirror is null ? course : course.With(WeightChange.To(course.Rollout, course.Rollout.WeightPercent));

    private static Course Begin(Situation situation, Course course, MirrorStep step)
    {
        // Steps that changed meanwhile may have put the mirror in front of the weight that runs.
        (course, var isLowering) = Lowering.Go(situation, course, weightPercent: 0);
        if (isLowering)
        {
            return course;
        }

        course = course.Rollout.WeightPercent > 0 ? course.With(WeightChange.To(course.Rollout, 0)) : course;
        if (Capacity.Missing(situation, course, weightPercent: 0) is { } missing)
        {
            return Waiting.ForPods(situation, Stop(course), missing);
        }

        course = course.With(WeightChange.Copy(course.Rollout, step.Mirror, situation.Now));
        var message = Describe(step, situation.Now + step.HoldFor);
        return course.Wait(RolloutReasons.Mirroring, message).Tell(RolloutReasons.Mirroring, message);
    }

    private static Course WaitOut(Situation situation, Course course, MirrorStep step, DateTimeOffset holdStartedAt, bool mayComplete)
    {
        var until = holdStartedAt + step.HoldFor;
        if (situation.Now < until)
        {
            return course.Wait(RolloutReasons.Mirroring, Describe(step, until));
        }

        if (EvidenceBook.Blocks(situation, course, Math.Max(1, step.MinRequests)) is { } blocked)
        {
            return EvidenceBook.Wait(situation, course, blocked);
        }

        return mayComplete ? Stepping.Complete(situation, EvidenceBook.RecordPass(situation, course)) : course;
    }

    private static string Describe(MirrorStep step, DateTimeOffset until) =>
        $"copies {step.Mirror.Percent}% of stable's requests until {Waiting.Time(until)} and at least {Math.Max(1, step.MinRequests)} of them";
}
