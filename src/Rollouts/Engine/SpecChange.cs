namespace LlmOps.Rollouts.Engine;

/// <summary>Follows the release that the spec asks for. Steps, thresholds and replicas may change freely: only the release starts a rollout or ends one.</summary>
/// <remarks>
/// <code>
/// spec asks for       while a candidate is tried        while none is
/// nothing (unknown)   goes on                           stays
/// the candidate       goes on                           -
/// stable              revert, not locked                stays
/// a locked release    superseded, nothing starts        stays, ReleaseLocked
/// another release     superseded, the new one starts    the new one starts
/// (paused: as above, but nothing starts)
/// </code>
/// </remarks>
internal static class SpecChange
{
    public static Course Follow(Situation situation, Course course)
    {
        var isNewGeneration = course.State.ObservedGeneration != situation.Plan.Generation;
        course = course with { State = course.State with { ObservedGeneration = situation.Plan.Generation } };
        if (situation.Plan.Desired is not { } desired || desired.Hash == course.State.Candidate?.Hash)
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
            course = Supersede(situation, course, desired);
        }

        if (LockOf(course.State, desired) is { } locked)
        {
            return isNewGeneration ? course.Warn(RolloutReasons.ReleaseLocked, Describe(locked)) : course;
        }

        return situation.Plan.Paused ? course : Starting.Begin(situation, course, desired);
    }

    public static LockedRelease? LockOf(RolloutState state, Release? release) => state.Failed.LastOrDefault(failed => failed.Hash == release?.Hash);

    public static string Describe(LockedRelease locked) =>
        $"release {locked.Hash} failed before and is not tried again: {locked.Reason}: {locked.Message}; change the spec";

    private static Course Supersede(Situation situation, Course course, Release desired)
    {
        var message = $"release {course.Candidate.Hash} made way for {desired.Hash}";
        return Ending.WithoutPromotion(situation, course, RolloutPhase.Superseded, RolloutReasons.Superseded, message)
            .Tell(RolloutReasons.Superseded, message);
    }
}
