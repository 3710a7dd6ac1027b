using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Engine;

/// <summary>Takes the candidate off all traffic. Nothing stands in front of it: no pod count, no other read.</summary>
internal static class Reverting
{
    /// <summary>A failed live test, a failed gate or a check that failed often enough reverts at once, paused or not.</summary>
    public static Course OnEvidence(Situation situation, Course course)
    {
        if (!course.IsActive)
        {
            return course;
        }

        foreach (var test in EvidenceBook.LiveTests(situation, course).Where(test => test.Verdict == Verdict.Fail))
        {
            course = course.Record(test.Name, test.Verdict, test.Message, situation.Now);
            return End(situation, course, RolloutReasons.LiveTestFailed, test.Message, locks: true);
        }

        if (Gating.Answer(situation, course) is { Verdict: Verdict.Fail } gate)
        {
            course = course.Record(Gating.NameOf(gate.Gate), Verdict.Fail, gate.Message, situation.Now);
            return End(situation, course, RolloutReasons.GateFailed, $"gate {gate.Gate}: {gate.Message}", locks: true);
        }

        if (CheckBook.Failed(situation, course) is { } check)
        {
            course = course.Record(CheckBook.NameOf(check.Name), Verdict.Fail, check.Message, situation.Now);
            return End(situation, course, RolloutReasons.CheckFailed, $"{CheckBook.NameOf(check.Name)} failed {check.Failures} times in a row: {check.Message}", locks: true);
        }

        return course;
    }

    /// <summary>A step that did not move until its deadline reverts.</summary>
    public static Course AtDeadline(Situation situation, Course course)
    {
        if (Deadline.Of(situation.Plan, course.State) is not { } deadline || situation.Now < deadline)
        {
            return course;
        }

        var isGate = course.Rollout.Phase == RolloutPhase.Stepping && Stepping.Current(situation, course) is GateStep;
        var reason = isGate ? RolloutReasons.GateInconclusive : RolloutReasons.ProgressDeadlineExceeded;
        return End(situation, course, reason, $"no progress until {Waiting.Time(deadline)}: {course.Rollout.Reason}: {course.Rollout.Message}", locks: true);
    }

    public static Course End(Situation situation, Course course, string reason, string message, bool locks)
    {
        var hash = course.Candidate.Hash;
        course = Ending.WithoutPromotion(situation, course, RolloutPhase.Reverted, reason, message);
        if (!locks)
        {
            return course.Tell(reason, message);
        }

        var failed = course.State.Failed.Where(release => release.Hash != hash).ToEquatableArray();
        failed = failed.Add(new(hash, reason, message, situation.Now)).Last(RolloutState.MaxFailed);
        return course.Warn(reason, message) with { State = course.State with { Failed = failed } };
    }
}
