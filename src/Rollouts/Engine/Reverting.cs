using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Takes the candidate off all traffic. Nothing stands in front of it: no pod count, no other read. Where stable is known to be short of pods, the weight falls as
/// far as they can carry it and follows them down; what is unknown counts as there.
/// </summary>
/// <remarks>
/// <code>
/// candidate                             stable                     weight
/// shares stable's pods (a prompt)       -                          0 at once
/// has no ready pod                      -                          0 at once: gateways answer from stable
/// fails the fast path                   -                          0 at once: its answers are worth nothing
/// any other                             can carry everything       0 at once
/// any other                             all but 20 % of it         0 at once: a quarter more load at most is no reason to keep it
/// any other                             can carry a part           what stable cannot carry, never more than before; again with each pod
/// any other                             the same for the deadline  0: what judged it holds, and it may hold the GPUs that stable waits for
/// any other                             no ready pod               stays, also over the deadline (StableUnavailable): an outage is worse
/// </code>
/// </remarks>
internal static class Reverting
{
    /// <summary>Rest in per cent that goes at once while stable has any ready pod: each of them gets at most a quarter more than it has.</summary>
    private const int LargestAtOnce = 20;

    /// <summary>A fault of the fast path, a failed live test, a failed gate or a check that failed often enough reverts at once, paused or not.</summary>
    public static Course OnEvidence(Situation situation, Course course)
    {
        if (!course.IsActive || course.IsReverting)
        {
            return course;
        }

        if (!course.IsFirstRelease && FastPath.Find(situation, course) is { } fault)
        {
            return End(situation, course, fault.Reason, fault.Message, locks: true);
        }

        foreach (var test in EvidenceBook.LiveTests(situation, course).Where(test => test.Verdict == Verdict.Fail))
        {
            course = course.Record(test.Name, test.Verdict, test.Message, situation.Now);
            return End(situation, course, RolloutReasons.LiveTestFailed, test.Message, locks: true);
        }

        if (Gating.Answers(situation, course).FirstOrDefault(answer => answer.Verdict == Verdict.Fail) is { } gate)
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

    /// <summary>Follows stable's pods: each that gets ready takes its share from the candidate.</summary>
    public static Course Continue(Situation situation, Course course)
    {
        if (!course.IsReverting)
        {
            return course;
        }

        var (rollout, reason) = (course.Rollout, course.Rollout.RevertReason ?? RolloutReasons.Reverted);
        var weight = WeightLeft(situation, course);
        var isOverdue = Deadline.Of(situation.Plan, course.State) is { } deadline && situation.Now >= deadline;
        if (weight == 0 || (weight == rollout.WeightPercent && isOverdue && situation.PodsOf(course.State.Stable!).Ready > 0))
        {
            var message = rollout.RevertMessage ?? rollout.Message;
            return Finish(situation, course, reason, message).Tell(RolloutReasons.Reverted, $"release {rollout.ReleaseHash} is off all traffic");
        }

        if (weight < rollout.WeightPercent)
        {
            course = course.With(WeightChange.To(rollout, weight) with { StepStartedAt = situation.Now });
            course = Exchange.Back(situation, course);
            return Wait(situation, course, RolloutReasons.WaitingForStable).Tell(RolloutReasons.WeightChanged, $"release {rollout.ReleaseHash} goes: {weight}% are left to it");
        }

        course = Exchange.BackWhenInEffect(situation, course);
        return Wait(situation, course, isOverdue ? RolloutReasons.StableUnavailable : RolloutReasons.WaitingForStable);
    }

    /// <summary>A step that did not move until its deadline reverts, or asks for a decision.</summary>
    /// <param name="before">State before this decision: a question that was asked is not asked anew.</param>
    /// <param name="notAdvanced">The course without what moves forward in this decision.</param>
    public static Course AtDeadline(Situation situation, RolloutState before, Course course, Course notAdvanced)
    {
        if (course.IsReverting || Deadline.Of(situation.Plan, course.State) is not { } deadline || situation.Now < deadline)
        {
            return course;
        }

        if (StartClock.DeadlineOf(situation.Plan, course.Rollout) <= situation.Now)
        {
            return End(situation, course, RolloutReasons.StartupDeadlineExceeded, StartClock.Overdue(course.Rollout, deadline), locks: true);
        }

        if (situation.Plan.OnInconclusive == OnInconclusive.Hold && Deciding.IsInconclusive(situation, course))
        {
            return Deciding.Ask(before, course, deadline);
        }

        // A weight that only rises now comes too late: what goes back gets nothing more on its way.
        course = course.Rollout.WeightPercent > notAdvanced.Rollout.WeightPercent ? notAdvanced : course;
        var reason = Deciding.StepOf(situation, course) switch
        {
            GateStep => RolloutReasons.GateInconclusive,
            ApproveStep => RolloutReasons.ApprovalTimedOut,
            _ => RolloutReasons.ProgressDeadlineExceeded,
        };
        return End(situation, course, reason, $"no progress until {Waiting.Time(deadline)}: {course.Rollout.Reason}: {course.Rollout.Message}", locks: true);
    }

    /// <summary>The candidate goes. In this write its weight falls as far as stable can carry it, and it is locked where it has failed.</summary>
    public static Course End(Situation situation, Course course, string reason, string message, bool locks)
    {
        course = locks ? Lock(situation, course, course.Candidate.Hash, reason, message).Warn(reason, message) : course.Tell(reason, message);
        var weight = WeightLeft(situation, course);
        if (weight == 0)
        {
            return Finish(situation, course, reason, message);
        }

        course = course.Enter(RolloutPhase.Reverting, reason);
        course = course.With(WeightChange.To(course.Rollout, weight) with { StepStartedAt = situation.Now, RevertReason = reason, RevertMessage = message }) with { Gates = [] };
        course = Exchange.Back(situation, course);
        return Wait(situation, course, RolloutReasons.WaitingForStable);
    }

    private static Course Finish(Situation situation, Course course, string reason, string message) =>
        Ending.WithoutPromotion(situation, course, reason == RolloutReasons.Superseded ? RolloutPhase.Superseded : RolloutPhase.Reverted, reason, message);

    /// <summary>The release is not tried again until somebody retries it.</summary>
    public static Course Lock(Situation situation, Course course, string hash, string reason, string message)
    {
        var failed = course.State.Failed.Where(release => release.Hash != hash).ToEquatableArray();
        return course with { State = course.State with { Failed = failed.Add(new(hash, reason, message, situation.Now)).Last(RolloutState.MaxFailed) } };
    }

    /// <summary>
    /// The candidate's weight, in per cent, that stable cannot take yet. An autoscaler that has just asked for more pods must not hold up a small canary's revert: a rest
    /// of up to <see cref="LargestAtOnce"/> goes with it, as long as stable has any ready pod.
    /// </summary>
    public static int WeightLeft(Situation situation, Course course)
    {
        if (course.SharesPods || course.IsFirstRelease || situation.PodsOf(course.Candidate).Ready == 0 || FastPath.Find(situation, course) is not null)
        {
            return 0;
        }

        var carried = Capacity.CarriedByStable(situation, course);
        var left = Math.Min(course.Rollout.WeightPercent, 100 - carried);
        return left <= LargestAtOnce && carried > 0 ? 0 : left;
    }

    private static Course Wait(Situation situation, Course course, string reason)
    {
        var (rollout, stable) = (course.Rollout, course.State.Stable!);
        var needed = Capacity.NeededByStable(situation.Plan, course.State);
        var wait = reason == RolloutReasons.StableUnavailable
            ? $"keeps {rollout.WeightPercent}% because release {stable.Hash} has no ready pod at all: mend its pods, or set the spec to a release that can serve"
            : $"keeps {rollout.WeightPercent}% until more of the {needed} pods of release {stable.Hash} are ready";
        return course.Wait(reason, $"{wait}; it goes because of {rollout.RevertReason}: {Excerpt.Of(rollout.RevertMessage ?? string.Empty)}");
    }
}
