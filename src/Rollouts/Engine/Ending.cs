namespace LlmOps.Rollouts.Engine;

/// <summary>Ends a rollout: one change of state that takes the weight away, keeps the pods for a while and writes the history.</summary>
internal static class Ending
{
    /// <summary>The candidate goes, whatever state its pods are in.</summary>
    public static Course WithoutPromotion(Situation situation, Course course, RolloutPhase outcome, string reason, string message)
    {
        // Where stable's own pods made way, nothing must stand in theirs.
        var isInTheWay = course.Rollout.Capacity is { Plan: CapacityPlan.Recreate };
        var retired = course.SharesPods || isInTheWay ? course.State.Retiring : Retirement.Add(situation, course.State, course.Candidate);
        course = course.Enter(outcome, reason);
        course = course.With(WeightChange.To(course.Rollout, 0) with { Reason = reason, Message = message, RevertReason = null, RevertMessage = null });
        return course with
        {
            State = course.State with { Candidate = null, Retiring = retired, History = Write(situation, course, outcome, reason, message) },
            Gates = [],
        };
    }

    public static EquatableArray<FinishedRollout> Write(Situation situation, Course course, RolloutPhase outcome, string reason, string message)
    {
        var rollout = course.Rollout;
        var requests = EvidenceSources.CandidateRequests(rollout.Evidence.Where(row => !row.Mirrored));
        var isRevert = outcome == RolloutPhase.Reverted;
        var decidedAt = rollout.DecidedAt ?? situation.Now;
        var finished = new FinishedRollout(
            rollout.Id, rollout.ReleaseHash, outcome, reason, message, rollout.StartedAt, situation.Now, rollout.MaxWeight, requests,
            TimeToDetect: isRevert && rollout.FirstBadAt is { } bad ? NotNegative(decidedAt - bad) : null,
            TimeToRevert: isRevert && rollout.MaxWeight > 0 ? NotNegative(situation.Now - decidedAt) : null,
            rollout.Actor);
        return course.State.History.Prepend(finished).Take(RolloutState.MaxHistory).ToEquatableArray();
    }

    /// <summary>A clock that went back is no reason to tell a time below zero.</summary>
    private static TimeSpan NotNegative(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
