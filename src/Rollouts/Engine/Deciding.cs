namespace LlmOps.Rollouts.Engine;

/// <summary>Leaves it to a person what becomes of a step whose deadline has passed without a clear answer. Evidence still reverts it, and a late pass still moves it on.</summary>
internal static class Deciding
{
    /// <summary>Whether the step waits for evidence, a gate or a person, and not for pods.</summary>
    public static bool IsInconclusive(Situation situation, Course course) => StepOf(situation, course) switch
    {
        GateStep or ApproveStep => true,
        WeightStep weight => course.Rollout.HoldStartedAt is not null && course.Rollout.WeightPercent == weight.WeightPercent,
        MirrorStep => course.Rollout.HoldStartedAt is not null,
        _ => course.Rollout is { Phase: RolloutPhase.Promoting or RolloutPhase.Baking, WeightPercent: > 0, PromotedBy: null } &&
            (course.Rollout.Reason == RolloutReasons.TrafficShareMismatch || EvidenceBook.Blocks(situation, course, minRequests: 1) is not null),
    };

    public static Course Ask(RolloutState before, Course course, DateTimeOffset deadline)
    {
        // The wait itself may word things differently each time; the question stays as it was asked.
        if (before.Current is { Reason: RolloutReasons.AwaitingDecision } asked && asked.Id == course.Rollout.Id && asked.StepIndex == course.Rollout.StepIndex && asked.Phase == course.Rollout.Phase)
        {
            return course.Wait(asked.Reason, asked.Message);
        }

        var message = Excerpt.Of($"somebody has to decide: no progress until {Waiting.Time(deadline)}: {course.Rollout.Reason}: {course.Rollout.Message}");
        return course.Wait(RolloutReasons.AwaitingDecision, message).Warn(RolloutReasons.AwaitingDecision, message);
    }

    /// <summary>The step that is gone through; null in other phases.</summary>
    public static Step? StepOf(Situation situation, Course course) => course.Rollout.Phase == RolloutPhase.Stepping ? Stepping.Current(situation, course) : null;
}
