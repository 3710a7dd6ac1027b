namespace LlmOps.Rollouts.Engine;

/// <summary>Follows the release that the spec asks for. Steps, thresholds and replicas may change freely: only the release starts a rollout or ends one.</summary>
/// <remarks>
/// <code>
/// spec asks for       while a candidate is tried        while one bakes                          while none is
/// nothing (unknown)   goes on                           goes on                                  stays
/// the candidate       goes on                           goes on                                  -
/// stable              revert, not locked                revert, not locked                       stays
/// a locked release    superseded, nothing starts        promoted early, nothing starts           stays, ReleaseLocked
/// another release     superseded, the new one starts    promoted early, the new one starts       the new one starts
/// (paused: as above, but nothing starts, and what bakes goes on baking as long as it has pods)
/// (a bake that lacks pods or counts is superseded and not promoted; while one reverts or is rolled back to, that comes to its end first)
/// </code>
/// </remarks>
internal static class SpecChange
{
    public static Course Follow(Situation situation, Course course)
    {
        var isNewGeneration = course.State.ObservedGeneration != situation.Plan.Generation;
        course = course with { State = course.State with { ObservedGeneration = situation.Plan.Generation } };
        if (course.IsReverting || course is { IsActive: true, Rollout.Kind: RolloutKind.Rollback } || situation.Plan.Desired is not { } desired || desired.Hash == course.State.Candidate?.Hash)
        {
            return course;
        }

        if (desired.Hash == course.State.Stable?.Hash)
        {
            return course.IsActive
                ? Reverting.End(situation, course, RolloutReasons.SpecReverted, $"the spec asks for stable release {desired.Hash} again", locks: false)
                : course;
        }

        if (course.IsActive)
        {
            if (course.Rollout.Phase == RolloutPhase.Baking && Pausing.IsPaused(situation.Plan, course.State) && !Withdrawing.IsDue(situation, course))
            {
                return course;
            }

            course = MakeWay(situation, course, desired);
        }

        if (course.IsReverting)
        {
            return course;
        }

        if (LockOf(course.State, desired) is { } locked)
        {
            // One that failed in this very decision has been told of.
            return isNewGeneration && locked.At != situation.Now ? course.Warn(RolloutReasons.ReleaseLocked, Describe(locked)) : course;
        }

        return Pausing.IsPaused(situation.Plan, course.State) ? course : Starting.Begin(situation, course, desired);
    }

    public static LockedRelease? LockOf(RolloutState state, Release? release) => state.Failed.LastOrDefault(failed => failed.Hash == release?.Hash);

    public static string Describe(LockedRelease locked) =>
        $"release {locked.Hash} failed before and is not tried again: {locked.Reason}: {locked.Message}; change the spec, or retry it";

    private static Course MakeWay(Situation situation, Course course, Release desired) =>
        course.Rollout.Phase == RolloutPhase.Baking && Baking.MayEndEarly(situation, course)
            ? Promoting.Swap(situation, course, $"its bake ended early, since the spec asks for {desired.Hash}")
            : Reverting.End(situation, course, RolloutReasons.Superseded, $"release {course.Candidate.Hash} made way for {desired.Hash}", locks: false);
}
