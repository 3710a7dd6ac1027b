namespace LlmOps.Rollouts.Engine;

/// <summary>Starts a rollout, and waits for the candidate's first pod that answers.</summary>
internal static class Starting
{
    public static Course Begin(Situation situation, Course course, Release desired) => course.IsFirstRelease
        ? Begin(situation, course, desired, RolloutKind.Release, RolloutReasons.FirstRelease, $"release {desired.Hash} is the first")
        : Begin(situation, course, desired, RolloutKind.Release, RolloutReasons.RolloutStarted, $"release {desired.Hash} is tried against {course.State.Stable!.Hash}");

    /// <param name="message">What starts and why; told and kept.</param>
    public static Course Begin(Situation situation, Course course, Release desired, RolloutKind kind, string reason, string message)
    {
        var rollout = new Rollout
        {
            Id = situation.Observation.NewRolloutId,
            ReleaseHash = desired.Hash,
            StableHash = course.State.Stable?.Hash,
            Generation = situation.Plan.Generation,
            Actor = situation.Observation.Actor,
            Phase = RolloutPhase.Starting,
            Kind = kind,
            StepIndex = kind == RolloutKind.Rollback ? situation.Plan.Steps.Count : Steps.First(situation.Plan.Steps, course.State),
            StartedAt = situation.Now,
            StepStartedAt = situation.Now,
            Reason = reason,
            Message = message,
        };
        var transition = new Transition(course.State.Current?.Phase, RolloutPhase.Starting, reason);
        course = course.Tell(reason, message) with
        {
            State = course.State with { Candidate = desired, Current = rollout, Previous = Recording.ToKeep(course.State) },
            Transitions = course.Transitions.Add(transition),
        };
        return CapacityPlanning.Choose(situation, course);
    }

    public static Course Go(Situation situation, Course course)
    {
        course = StartClock.Watch(situation, CapacityPlanning.Choose(situation, course));
        if (Capacity.Missing(situation, course, weightPercent: 0) is { } missing)
        {
            return Overdue(situation, Waiting.ForPods(situation, course, missing));
        }

        // A release that was promoted once has gone through its steps.
        var next = course.Rollout.Kind == RolloutKind.Rollback ? RolloutPhase.Promoting : RolloutPhase.Stepping;
        course = course.Enter(next, RolloutReasons.CandidateReady);
        return course.With(course.Rollout with { StepStartedAt = situation.Now, Start = null });
    }

    /// <summary>A first release that is over time has nothing to go back to: it says so and goes on waiting.</summary>
    private static Course Overdue(Situation situation, Course course)
    {
        if (!course.IsFirstRelease || StartClock.DeadlineOf(situation.Plan, course.Rollout) is not { } deadline)
        {
            return course;
        }

        return situation.Now < deadline
            ? course with { LookAgainAt = course.LookAgainAt < deadline ? course.LookAgainAt : deadline }
            : course.Wait(RolloutReasons.StartupDeadlineExceeded, StartClock.Overdue(course.Rollout, deadline));
    }
}
