namespace LlmOps.Rollouts.Engine;

/// <summary>Moves a rollout forward by at most one step, and enters the step that it comes to.</summary>
internal static class Advancing
{
    public static Course Go(Situation situation, Course course)
    {
        if (!course.IsActive || course.IsReverting)
        {
            return course;
        }

        if (Pausing.IsPaused(situation.Plan, course.State))
        {
            return Pausing.Hold(situation, Gating.Keep(situation, course));
        }

        if (course.Rollout.Phase == RolloutPhase.Starting)
        {
            course = Starting.Go(situation, course);
        }

        if (course.Rollout.Phase == RolloutPhase.Stepping)
        {
            course = Stepping.Go(situation, course);
        }

        return course.Rollout.Phase switch
        {
            RolloutPhase.Promoting => Promoting.Go(situation, course),
            RolloutPhase.Baking => Baking.Go(situation, course),
            _ => course,
        };
    }
}
