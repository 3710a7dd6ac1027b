namespace LlmOps.Rollouts.Engine;

/// <summary>Starts a rollout, and waits for the candidate's first pod that answers.</summary>
internal static class Starting
{
    public static Course Begin(Situation situation, Course course, Release desired)
    {
        var reason = course.IsFirstRelease ? RolloutReasons.FirstRelease : RolloutReasons.RolloutStarted;
        var message = course.IsFirstRelease ? $"release {desired.Hash} is the first" : $"release {desired.Hash} is tried against {course.State.Stable!.Hash}";
        var rollout = new Rollout
        {
            Id = situation.Observation.NewRolloutId,
            ReleaseHash = desired.Hash,
            StableHash = course.State.Stable?.Hash,
            Generation = situation.Plan.Generation,
            Actor = situation.Observation.Actor,
            Phase = RolloutPhase.Starting,
            StepIndex = Steps.First(situation.Plan.Steps, course.IsFirstRelease),
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

        course = course.Enter(RolloutPhase.Stepping, RolloutReasons.CandidateReady);
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
