namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Swaps the roles once the candidate has the pods for all traffic, and has baked where the spec says so: its pods become stable, nothing is rolled again.
/// </summary>
internal static class Promoting
{
    public static Course Begin(Course course) => Mirroring.Stop(course).Enter(RolloutPhase.Promoting, RolloutReasons.StepsDone);

    public static Course Go(Situation situation, Course course)
    {
        course = Routing.Settle(situation, course);
        // Evidence against it has reverted by now; a person may take it over, or go back, without evidence for it.
        var isForced = course.Rollout is not { PromotedBy: null, Kind: RolloutKind.Release };
        var waiting = course.Rollout.WeightPercent > 0 ? Routing.Wait(situation, course, mayMismatch: isForced) : null;
        var blocked = course.Rollout.WeightPercent > 0 && !isForced ? EvidenceBook.Blocks(situation, course, minRequests: 1) : null;
        // Where the candidate has all that it may have, what keeps it from more is what is waited for.
        if (Capacity.Missing(situation, course, weightPercent: 100) is { } missing && ((waiting is null && blocked is null) || !Exchange.IsNext(situation, course, weightPercent: 100)))
        {
            return waiting is null && blocked is null ? Exchange.Wait(situation, course, weightPercent: 100, missing) : Waiting.ForPods(situation, course, missing);
        }

        if (waiting is not null)
        {
            return waiting;
        }

        if (blocked is not null)
        {
            return EvidenceBook.Wait(situation, course, blocked);
        }

        // With nothing that serves beside it there is nothing to go back to, a rollback goes back itself, and a person's word ends a bake too.
        if (situation.Plan.Bake == TimeSpan.Zero || course.State.IsCandidateAlone || isForced)
        {
            return Swap(situation, course);
        }

        return Routing.Obstacle(situation, course) is { } obstacle ? course.Wait(obstacle.Reason, obstacle.Message) : Baking.Begin(situation, course);
    }

    /// <param name="why">What ended the bake before its time; null where nothing did.</param>
    public static Course Swap(Situation situation, Course course, string? why = null)
    {
        var message = course.IsFirstRelease
            ? $"release {course.Candidate.Hash} is the first to serve"
            : $"release {course.Candidate.Hash} took over from {course.State.Stable!.Hash}{(why is null ? string.Empty : $": {why}")}";
        var retiring = course.State.Stable is { } old && !course.SharesPods ? Retirement.Add(situation, course.State, old) : course.State.Retiring;
        course = course.Enter(RolloutPhase.Promoted, RolloutReasons.Promoted);
        course = course.With(WeightChange.To(course.Rollout, 0) with { MaxWeight = 100, Reason = RolloutReasons.Promoted, Message = message });
        return course.Tell(RolloutReasons.Promoted, message) with
        {
            State = course.State with
            {
                Stable = course.Candidate,
                Candidate = null,
                Retiring = retiring,
                History = Ending.Write(situation, course, RolloutPhase.Promoted, RolloutReasons.Promoted, message),
            },
        };
    }
}
