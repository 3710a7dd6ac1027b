namespace LlmOps.Rollouts.Engine;

/// <summary>When a step is reverted, or a person asked, if nothing moves.</summary>
internal static class Deadline
{
    /// <summary>
    /// Null where nothing is tried, while paused, and where a first release waits for its pods: there is nothing to go back to. A pause does not hold a revert.
    /// </summary>
    public static DateTimeOffset? Of(RolloutPlan plan, RolloutState state)
    {
        if (state.Candidate is null || state.Current is not { } rollout || (Pausing.IsPaused(plan, state) && rollout.Phase != RolloutPhase.Reverting))
        {
            return null;
        }

        var isFirstRelease = state.Stable is null;
        var index = Steps.Clamp(plan.Steps, state);
        var step = rollout.Phase == RolloutPhase.Stepping && index < plan.Steps.Count ? plan.Steps[index] : null;
        return step switch
        {
            GateStep => rollout.StepStartedAt + plan.ProgressDeadline,
            ApproveStep approval => rollout.StepStartedAt + approval.Timeout,
            _ when isFirstRelease => null,
            _ when rollout.Phase == RolloutPhase.Baking => rollout.StepStartedAt + plan.Bake + plan.ProgressDeadline,
            MirrorStep mirror => rollout.StepStartedAt + mirror.HoldFor + plan.ProgressDeadline,
            WeightStep weight => rollout.StepStartedAt + weight.HoldFor + plan.ProgressDeadline,
            _ => Earlier(rollout.StepStartedAt + plan.ProgressDeadline, StartClock.DeadlineOf(plan, rollout)),
        };
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset? other) => other < one ? other.Value : one;
}
