namespace LlmOps.Rollouts.Engine;

/// <summary>Takes up a rollout that was paused. The time of the pause must not count, and when it began is not kept: the step's hold and deadline begin again.</summary>
internal static class Pausing
{
    public static Course Hold(Course course) => course.Wait(RolloutReasons.Paused, "rollout.paused is set: nothing moves forward, reverts go on");

    public static Course Resume(Situation situation, Course course)
    {
        if (!course.IsActive || situation.Plan.Paused || course.Rollout.Reason != RolloutReasons.Paused)
        {
            return course;
        }

        var rollout = course.Rollout;
        return course.With(rollout with
        {
            StepStartedAt = Later(rollout.StepStartedAt, situation.Now),
            Start = rollout.Start is { } start ? start with { Since = Later(start.Since, situation.Now) } : null,
            HoldStartedAt = rollout.HoldStartedAt is { } hold ? Later(hold, situation.Now) : null,
        });
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
