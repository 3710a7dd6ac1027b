namespace LlmOps.Rollouts.Engine;

/// <summary>Takes up a rollout that was paused. The time of the pause must not count, and when it began is not kept: the step's hold and deadline begin again.</summary>
internal static class Pausing
{
    /// <summary>Whether the spec or a person holds the rollout.</summary>
    public static bool IsPaused(RolloutPlan plan, RolloutState state) => plan.Paused || state.PausedBy is not null;

    public static Course Hold(Situation situation, Course course) =>
        course.Wait(RolloutReasons.Paused, $"{Cause(situation.Plan, course.State)}: nothing moves forward, reverts go on");

    /// <summary>What pauses. The spec wins: no action takes its pause back.</summary>
    public static string Cause(RolloutPlan plan, RolloutState state) => plan.Paused ? "rollout.paused is set" : $"paused by {state.PausedBy}";

    public static Course Resume(Situation situation, Course course)
    {
        if (!course.IsActive || IsPaused(situation.Plan, course.State) || course.Rollout.Reason != RolloutReasons.Paused)
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
