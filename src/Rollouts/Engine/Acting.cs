namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Does what people ask: one action a decision, the oldest first. The effect and the record of it are one state, so a crash repeats none. It comes after
/// the evidence, which reverts whatever is asked.
/// </summary>
/// <remarks>
/// <code>
/// action    does                                        is refused where
/// Pause     nothing starts or moves forward             it is paused by an action already
/// Resume    takes a Pause back                          no action paused it (the spec's own pause stays)
/// Approve   completes the approval that is waited for   the candidate waits for none
/// Promote   skips all that is left but gates            paused, a rollback, promoted already
/// SkipStep  ends the weight step                        paused, a gate, an approval, no step yet
/// Abort     reverts and locks                           no candidate, a younger one than the action where it names none
/// Retry     unlocks a release                           it is not locked
/// Rollback  goes back to a release of the history       see RollingBack
/// </code>
/// </remarks>
internal static class Acting
{
    public static Course Go(Situation situation, Course course)
    {
        var actions = situation.Observation.Actions;
        var pending = actions.Where(action => !IsHandled(course.State, action.Id)).ToList();
        if (pending.Count == 0 || MakeRoom(course.State.Actions, actions) is not { } room)
        {
            return course;
        }

        // One start a decision: it has one id to give, and the action is better looked at once what it came with is kept.
        if (course.Transitions.Any(transition => transition.To == RolloutPhase.Starting))
        {
            return course with { LookAgainAt = situation.Now };
        }

        var action = pending[0];
        var effect = Apply(situation, course, action);
        var handled = new HandledAction(
            action.Id, action.Name, action.Kind, effect.Course is null ? ActionOutcome.Refused : ActionOutcome.Applied, Excerpt.Of(effect.Message), action.By, situation.Now);
        course = effect.Course ?? course.Warn(RolloutReasons.ActionRefused, Excerpt.Of($"{action.Kind} by {action.Actor} was refused: {effect.Message}"));
        course = course with { State = course.State with { Actions = room.Add(handled) }, LookAgainAt = pending.Count > 1 ? situation.Now : course.LookAgainAt };

        // What the spec asks for may start now.
        return SpecChange.Follow(situation, course);
    }

    private static Effect Apply(Situation situation, Course course, RequestedAction action) =>
        Guard(situation, course, action) is { } mismatch ? Effect.Refuse(mismatch) : action.Kind switch
        {
            ActionKind.Pause => Controlling.Pause(course, action),
            ActionKind.Resume => Controlling.Resume(situation, course, action),
            ActionKind.Approve => Controlling.Approve(situation, course, action),
            ActionKind.Promote => Controlling.Promote(situation, course, action),
            ActionKind.SkipStep => Controlling.SkipStep(situation, course, action),
            ActionKind.Abort => Controlling.Abort(situation, course, action),
            ActionKind.Retry => Controlling.Retry(situation, course, action),
            ActionKind.Rollback => RollingBack.Begin(situation, course, action),
            _ => throw new InvalidOperationException($"unknown action {action.Kind}"),
        };

    /// <summary>Why the person meant something else than what is; null where they did not.</summary>
    private static string? Guard(Situation situation, Course course, RequestedAction action)
    {
        if (action.Kind is ActionKind.Resume or ActionKind.Retry or ActionKind.Rollback || (action.Kind == ActionKind.Pause && action is { Release: null, Step: null }))
        {
            return null;
        }

        if (!course.IsActive)
        {
            return $"no release is being tried{Ended(course.State, action.Release)}";
        }

        if (course.IsReverting && action.Kind != ActionKind.Pause)
        {
            return $"release {course.Candidate.Hash} is on its way back already: {course.Rollout.RevertReason}";
        }

        if (action.Release is { } release && release != course.Candidate.Hash)
        {
            return $"release {release} is not being tried, {course.Candidate.Hash} is{Ended(course.State, release)}";
        }

        var index = course.Rollout.Phase == RolloutPhase.Stepping ? Steps.Clamp(situation.Plan.Steps, course.State) : course.Rollout.StepIndex;
        return action.Step is { } step && step != index ? $"the rollout is at step {index}, not at step {step}" : null;
    }

    private static string Ended(RolloutState state, string? release) => state.History.FirstOrDefault(ended => ended.ReleaseHash == release) is { } ended
        ? $": its rollout ended at {Waiting.Time(ended.FinishedAt)} as {ended.Outcome}, {ended.Reason}"
        : string.Empty;

    private static bool IsHandled(RolloutState state, string id) => state.Actions.Any(handled => handled.Id == id);

    /// <summary>The handled actions with room for one more; null where all of them are still to be answered, since one that were forgotten would be done again.</summary>
    private static EquatableArray<HandledAction>? MakeRoom(EquatableArray<HandledAction> handled, EquatableArray<RequestedAction> unanswered)
    {
        if (handled.Count < RolloutState.MaxActions)
        {
            return handled;
        }

        var oldest = handled.FirstOrDefault(action => unanswered.All(asked => asked.Id != action.Id));
        return oldest is null ? null : handled.Where(action => action != oldest).ToEquatableArray();
    }
}

/// <summary>What an action led to.</summary>
/// <param name="Course">Null where it was refused.</param>
/// <param name="Message">What was done, or why it was refused and what to do, in a sentence.</param>
internal sealed record Effect(Course? Course, string Message)
{
    public static Effect Refuse(string message) => new(null, message);
}
