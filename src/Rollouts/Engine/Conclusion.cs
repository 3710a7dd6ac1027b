namespace LlmOps.Rollouts.Engine;

/// <summary>Makes the decision out of where the course ended.</summary>
internal static class Conclusion
{
    /// <summary>How often the counts of live traffic are read: bad evidence must take effect within a second.</summary>
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(10);

    public static Decision Of(Situation situation, Course course)
    {
        var deadline = Deadline.Of(situation.Plan, course.State);
        var (reason, message) = Standing(situation.Plan, course.State);
        return new()
        {
            Next = course.State,
            Pods = Capacity.Targets(situation.Plan, course.State),
            Gates = course.Gates,
            CandidateMayServe = MayServe(situation, course),
            RequeueAfter = RequeueAfter(situation, course, deadline),
            Happenings = course.Happenings,
            Transitions = course.Transitions,
            Reason = reason,
            Message = message,
            LiveTests = EvidenceBook.LiveTests(situation, course),
            Deadline = deadline,
        };
    }

    /// <summary>Never without a ready pod: requests that a late router still sends its way are stable's to answer then.</summary>
    private static bool MayServe(Situation situation, Course course) =>
        course is { IsActive: true, State.IsCandidateAlone: false, SharesPods: false } && situation.PodsOf(course.Candidate).Ready > 0 &&
        (course.Rollout.WeightPercent > 0 ||
            course.Rollout.Phase == RolloutPhase.Promoting ||
            (course.Rollout.Phase == RolloutPhase.Stepping && Stepping.Current(situation, course) is WeightStep));

    private static TimeSpan? RequeueAfter(Situation situation, Course course, DateTimeOffset? deadline)
    {
        if (course.State.CandidateIsAsked)
        {
            return LiveInterval;
        }

        // A deadline that has passed waits for a person.
        DateTimeOffset?[] times = [Retirement.LookAgainAt(situation, course.State), deadline > situation.Now ? deadline : null, course.LookAgainAt];
        return times.Min() is { } next ? Clamp(next - situation.Now) : null;
    }

    private static TimeSpan Clamp(TimeSpan delay) => delay < LiveInterval ? LiveInterval : delay > LongestInterval ? LongestInterval : delay;

    private static (string Reason, string Message) Standing(RolloutPlan plan, RolloutState state)
    {
        if (plan.Desired is null)
        {
            return (plan.UnresolvedReason ?? RolloutReasons.NoRollout, plan.UnresolvedMessage ?? "the spec does not give a release");
        }

        if (state is { Candidate: not null, Current: { } rollout })
        {
            return (rollout.Reason, rollout.Message);
        }

        if (plan.Desired.Hash == state.Stable?.Hash)
        {
            return (RolloutReasons.NoRollout, $"release {plan.Desired.Hash} serves");
        }

        return SpecChange.LockOf(state, plan.Desired) is { } locked
            ? (RolloutReasons.ReleaseLocked, SpecChange.Describe(locked))
            : (RolloutReasons.Paused, $"{Pausing.Cause(plan, state)}: release {plan.Desired.Hash} starts when that is over");
    }
}
