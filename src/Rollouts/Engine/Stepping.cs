namespace LlmOps.Rollouts.Engine;

/// <summary>Goes through the steps.</summary>
internal static class Stepping
{
    public static Step? Current(Situation situation, Course course)
    {
        var steps = situation.Plan.Steps;
        var index = Steps.Clamp(steps, course.State);
        return index < steps.Count ? steps[index] : null;
    }

    public static Course Go(Situation situation, Course course)
    {
        var index = Steps.Clamp(situation.Plan.Steps, course.State);
        course = course.With(course.Rollout with { StepIndex = index });
        course = Try(situation, course, mayComplete: !course.HasMoved);
        return course.Rollout.StepIndex != index && course.Rollout.Phase == RolloutPhase.Stepping ? Try(situation, course, mayComplete: false) : course;
    }

    /// <summary>The step is done: on to the next one, or to promotion after the last.</summary>
    public static Course Complete(Situation situation, Course course)
    {
        var next = Steps.After(situation.Plan.Steps, course);
        course = course.With(course.Rollout with { StepIndex = next, StepStartedAt = situation.Now, HoldStartedAt = null, PredictedWait = null });
        return next < situation.Plan.Steps.Count ? course : Promoting.Begin(course);
    }

    private static Course Try(Situation situation, Course course, bool mayComplete) => Current(situation, course) switch
    {
        GateStep gate => Gating.Go(situation, Mirroring.Stop(course), gate, mayComplete),
        MirrorStep mirror => Mirroring.Go(situation, course, mirror, mayComplete),
        WeightStep weight => Holding.Go(situation, Mirroring.Stop(course), weight, mayComplete),
        ApproveStep approval => Approving.Go(situation, Mirroring.Stop(course), approval, mayComplete),
        _ => Promoting.Begin(course),
    };
}
