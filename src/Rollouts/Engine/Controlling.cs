namespace LlmOps.Rollouts.Engine;

/// <summary>What people may do to the rollout that runs, and to the lock of one that failed. Guards were looked at before.</summary>
internal static class Controlling
{
    public static Effect Pause(Course course, RequestedAction action)
    {
        if (course.State.PausedBy is { } by)
        {
            return Effect.Refuse($"it is paused already, by {by}");
        }

        var message = $"paused by {action.ActorAndReason}";
        return new((course with { State = course.State with { PausedBy = action.Actor } }).Tell(RolloutReasons.Paused, message), "nothing starts and nothing moves forward until it is resumed; reverts go on");
    }

    public static Effect Resume(Situation situation, Course course, RequestedAction action)
    {
        var specHolds = situation.Plan.Paused;
        if (course.State.PausedBy is not { } by)
        {
            return Effect.Refuse(specHolds ? "spec.rollout.paused holds it: take that out of the manifest" : "it is not paused");
        }

        course = (course with { State = course.State with { PausedBy = null } }).Tell(RolloutReasons.Resumed, $"resumed by {action.ActorAndReason}");
        return new(course, specHolds ? $"the pause by {by} is over; spec.rollout.paused still holds it" : $"the pause by {by} is over");
    }

    public static Effect Approve(Situation situation, Course course, RequestedAction action)
    {
        if (Deciding.StepOf(situation, course) is not ApproveStep || Approving.IsApproved(course, course.Rollout.StepIndex))
        {
            return Effect.Refuse($"release {course.Candidate.Hash} does not wait for an approval: it is at {Place(situation, course)}");
        }

        var message = $"release {course.Candidate.Hash} was approved at {course.Rollout.WeightPercent}% by {action.ActorAndReason}";
        course = course.Record(Approving.Name, Verdict.Pass, Excerpt.Of(message), situation.Now).Tell(RolloutReasons.Approved, message);
        return new(course, IsPaused(situation, course) ? "approved; it moves on when it is no longer paused" : "approved");
    }

    public static Effect Promote(Situation situation, Course course, RequestedAction action)
    {
        if (IsPaused(situation, course))
        {
            return Effect.Refuse(Paused(situation, course));
        }

        if (course.Rollout.Kind == RolloutKind.Rollback || course.Rollout.PromotedBy is not null)
        {
            return Effect.Refuse(course.Rollout.PromotedBy is { } by ? $"it was promoted already, by {by}" : "a rollback has no steps to skip: it ends as soon as its pods are ready");
        }

        var message = $"release {course.Candidate.Hash} is promoted from {course.Rollout.WeightPercent}% by {action.ActorAndReason}";
        var isAtGate = Deciding.StepOf(situation, course) is GateStep;
        course = course.With(course.Rollout with { PromotedBy = action.Actor }).Tell(RolloutReasons.PromotionRequested, message) with { HasMoved = !isAtGate };
        course = course.Rollout.Phase switch
        {
            RolloutPhase.Starting => course.With(course.Rollout with { StepIndex = Steps.First(situation.Plan.Steps, course.State) }),
            RolloutPhase.Stepping when !isAtGate => Stepping.Complete(situation, course),
            // It may have waited long for evidence; what it waits for now has all of its time.
            RolloutPhase.Promoting or RolloutPhase.Baking => course.With(course.Rollout with { StepStartedAt = situation.Now }),
            _ => course,
        };
        return new(course, "all steps but gates are skipped; it takes over once it has the pods for all traffic");
    }

    public static Effect SkipStep(Situation situation, Course course, RequestedAction action)
    {
        if (IsPaused(situation, course))
        {
            return Effect.Refuse(Paused(situation, course));
        }

        switch (Deciding.StepOf(situation, course))
        {
            case GateStep gates:
                return Effect.Refuse($"{gates} cannot be skipped: it has to pass, or the rollout to be aborted");
            case ApproveStep:
                return Effect.Refuse("an approval is not skipped: use Approve");
            case null:
                return Effect.Refuse($"there is no step to skip: the rollout is at {Place(situation, course)}");
            case var step:
                course = course.Tell(RolloutReasons.StepSkipped, $"step {course.Rollout.StepIndex} ({step}) of release {course.Candidate.Hash} was skipped by {action.ActorAndReason}");
                return new(Stepping.Complete(situation, course) with { HasMoved = true }, $"step {course.Rollout.StepIndex} ({step}) was skipped");
        }
    }

    public static Effect Abort(Situation situation, Course course, RequestedAction action)
    {
        // Times of actions are whole seconds. One that names no release cannot mean a rollout that it did not see.
        if (action.Release is null && action.At.AddSeconds(1) <= course.Rollout.StartedAt)
        {
            return Effect.Refuse($"the rollout of release {course.Candidate.Hash} started after this action was made: name the release that is meant");
        }

        var message = $"release {course.Candidate.Hash} was aborted at {course.Rollout.WeightPercent}% by {action.ActorAndReason}";
        var hash = course.Candidate.Hash;
        course = Reverting.End(situation, course, RolloutReasons.Aborted, Excerpt.Of(message), locks: true);
        return new(course, course.IsReverting ? $"release {hash} is locked and goes as stable's pods get ready" : $"release {hash} is off all traffic and locked");
    }

    public static Effect Retry(Situation situation, Course course, RequestedAction action)
    {
        if ((action.Release ?? situation.Plan.Desired?.Hash) is not { } hash)
        {
            return Effect.Refuse("the spec gives no release: name the one that is meant");
        }

        if (course.State.Failed.All(failed => failed.Hash != hash))
        {
            return Effect.Refuse($"release {hash} is not locked");
        }

        if (course.IsReverting && hash == course.Candidate.Hash)
        {
            return Effect.Refuse($"release {hash} is on its way back: retry it once it is off all traffic");
        }

        course = course with { State = course.State with { Failed = course.State.Failed.Where(failed => failed.Hash != hash).ToEquatableArray() } };
        course = course.Tell(RolloutReasons.Retried, $"release {hash} was unlocked by {action.ActorAndReason}");
        return new(course, hash == situation.Plan.Desired?.Hash ? $"release {hash} may be tried again" : $"release {hash} may be tried again, once the spec asks for it");
    }

    /// <summary>Who holds it, and how to end that.</summary>
    public static string Paused(Situation situation, Course course) => situation.Plan.Paused
        ? "spec.rollout.paused holds it: take that out of the manifest first"
        : $"it is paused by {course.State.PausedBy}: resume it first";

    private static bool IsPaused(Situation situation, Course course) => Pausing.IsPaused(situation.Plan, course.State);

    private static string Place(Situation situation, Course course) => Deciding.StepOf(situation, course) is { } step
        ? $"step {course.Rollout.StepIndex} ({step})"
        : course.Rollout.Phase.ToString();
}
