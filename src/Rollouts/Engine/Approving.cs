namespace LlmOps.Rollouts.Engine;

/// <summary>Waits for a person to approve the candidate. The weight stays and live tests go on; at the timeout it is as with any deadline.</summary>
internal static class Approving
{
    /// <summary>Name of the verdict that an approval is.</summary>
    public const string Name = "approval";

    public static bool IsApproved(Course course, int stepIndex) => course.LastVerdict(Name, stepIndex)?.Verdict == Verdict.Pass;

    public static Course Go(Situation situation, Course course, ApproveStep step, bool mayComplete)
    {
        if (IsApproved(course, course.Rollout.StepIndex) && mayComplete)
        {
            return Stepping.Complete(situation, course);
        }

        var until = course.Rollout.StepStartedAt + step.Timeout;
        var message = $"release {course.Candidate.Hash} at {course.Rollout.WeightPercent}% waits until {Waiting.Time(until)} for somebody to approve it";
        var isNew = course.Rollout.Reason is not (RolloutReasons.AwaitingApproval or RolloutReasons.AwaitingDecision or RolloutReasons.Paused);
        course = course.Wait(RolloutReasons.AwaitingApproval, message);
        return isNew ? course.Tell(RolloutReasons.AwaitingApproval, message) : course;
    }
}
