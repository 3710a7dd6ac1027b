namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Goes back to a release that was promoted once. What serves, and what is tried, is locked, so that a spec that still asks for it does not fight the person. The
/// release comes back without steps, at full size, as soon as its pods are ready and one has answered; until then stable serves on.
/// </summary>
internal static class RollingBack
{
    public static Effect Begin(Situation situation, Course course, RequestedAction action)
    {
        if (Refusal(situation, course, action) is { } refusal)
        {
            return Effect.Refuse(refusal);
        }

        var stable = course.State.Stable!;
        var target = situation.Observation.Known.First(known => known.Release.Hash == action.Release).Release;
        var cause = Excerpt.Of($"rolled back to {target.Hash} by {action.ActorAndReason}");
        if (course.IsActive)
        {
            // The very release that is tried now is what they want: it is not locked, it only takes the short way.
            course = Reverting.End(situation, course, RolloutReasons.RolledBack, cause, locks: course.Candidate.Hash != target.Hash);
            if (course.IsReverting)
            {
                return Effect.Refuse($"release {course.Candidate.Hash} has to go first, and stable cannot carry all of its traffic yet: abort it, and roll back once it is gone");
            }
        }

        course = Reverting.Lock(situation, course, stable.Hash, RolloutReasons.RolledBack, cause);
        course = Starting.Begin(situation, course, target, RolloutKind.Rollback, RolloutReasons.RollbackStarted, Excerpt.Of($"release {stable.Hash} is rolled back to {target.Hash} by {action.ActorAndReason}"));
        course = course.With(course.Rollout with { Actor = action.By ?? action.Name });
        return new(course, $"release {target.Hash} takes over from {stable.Hash} once its pods are ready; {stable.Hash} is locked");
    }

    /// <summary>What the spec asks for had to wait while the rollback ran.</summary>
    /// <param name="before">State before this decision.</param>
    public static Course LetTheSpecGoOn(Situation situation, RolloutState before, Course course) =>
        !course.IsActive && before is { Candidate: not null, Current.Kind: RolloutKind.Rollback } ? Advancing.Go(situation, SpecChange.Follow(situation, course)) : course;

    private static string? Refusal(Situation situation, Course course, RequestedAction action)
    {
        var hash = action.Release;
        if (hash is null)
        {
            return "name the release to go back to: status.history lists those that were promoted";
        }

        if (Pausing.IsPaused(situation.Plan, course.State))
        {
            return Controlling.Paused(situation, course);
        }

        if (course.IsReverting)
        {
            return $"release {course.Candidate.Hash} is on its way back: roll back once it is off all traffic";
        }

        if (hash == course.State.Stable?.Hash)
        {
            return course.IsActive ? $"release {hash} is stable: abort the rollout of {course.Candidate.Hash} to keep it" : $"release {hash} serves already";
        }

        if (course is { IsActive: true, Rollout.Kind: RolloutKind.Rollback } && hash == course.Candidate.Hash)
        {
            return $"a rollback to release {hash} runs already";
        }

        if (course.State.Stable is null || course.State.History.All(ended => ended.ReleaseHash != hash || ended.Outcome != RolloutPhase.Promoted))
        {
            return $"release {hash} was never promoted, as far as status.history goes back";
        }

        if (SpecChange.LockOf(course.State, new Release(hash, string.Empty, string.Empty)) is { } locked)
        {
            return $"release {hash} is locked: {locked.Reason}: {locked.Message}; retry it first";
        }

        var known = situation.Observation.Known.FirstOrDefault(known => known.Release.Hash == hash);
        return known is null ? $"there is no snapshot of release {hash} any more" : known.Problem;
    }
}
