namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Takes the weight, or the copies, from a candidate that has no ready pod left (a single evicted pod is the normal case on GPUs), and gives it back through the same step once
/// it is ready again. An eviction is no evidence against a release, so this locks nothing; the step's deadline still bounds it.
/// </summary>
internal static class Withdrawing
{
    /// <summary>Whether requests, or copies of them, have no ready pod to go to.</summary>
    public static bool IsDue(Situation situation, Course course) =>
        course is { IsActive: true, IsReverting: false, SharesPods: false } && (course.Rollout.WeightPercent > 0 || course.Rollout.Mirror is not null) && situation.PodsOf(course.Candidate).Ready == 0;

    public static Course WhenPodsAreGone(Situation situation, Course course)
    {
        if (!IsDue(situation, course))
        {
            return course;
        }

        // Stable carries everything again, so it gets back what it gave.
        var rollout = WeightChange.To(course.Rollout, 0) with { Capacity = CapacityPlanning.Initial(course.Rollout.Capacity) };
        // A rollback has no steps to go back to.
        var isRollback = rollout.Kind == RolloutKind.Rollback;
        var lastWeight = isRollback ? null : Steps.LastWeight(situation.Plan.Steps, rollout.StepIndex);
        var index = lastWeight ?? rollout.StepIndex;
        if (index != rollout.StepIndex)
        {
            rollout = rollout with { StepIndex = index, StepStartedAt = situation.Now };
        }

        var message = course.Rollout.Mirror is null
            ? $"release {rollout.ReleaseHash} has no ready pod: its {course.Rollout.WeightPercent}% went back to stable until it has"
            : $"release {rollout.ReleaseHash} has no ready pod: it gets no copies of requests until it has";
        course = course.With(rollout).Wait(RolloutReasons.CandidateUnavailable, message).Warn(RolloutReasons.CandidateUnavailable, message);
        return rollout.Phase switch
        {
            // A bake without a weight before it begins again by itself.
            RolloutPhase.Baking when lastWeight is null => course.With(course.Rollout with { StepStartedAt = situation.Now }).Enter(RolloutPhase.Promoting, RolloutReasons.CandidateUnavailable),
            RolloutPhase.Baking or RolloutPhase.Promoting when !isRollback => course.Enter(RolloutPhase.Stepping, RolloutReasons.CandidateUnavailable),
            _ => course,
        };
    }
}
