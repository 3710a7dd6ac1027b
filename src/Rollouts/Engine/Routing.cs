using System.Globalization;
using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Waits for a split that is not ours: a weight is asked for only when the way to the candidate's pods is there, is held only from when it is in effect, and
/// counts only where the requests went as it says. None of this stands in the way of a revert.
/// </summary>
internal static class Routing
{
    /// <summary>Fewest requests, of both tracks together, that say anything about the share.</summary>
    private const long FewestRequests = 200;

    /// <summary>Of each bound. A false alarm only costs time: it goes with more requests.</summary>
    private const double Confidence = 0.9995;

    /// <summary>Deviation that is nobody's fault: the larger of one hundredth of all requests and a tenth of the smaller share (connections that stay open, requests that were under way when the weight changed).</summary>
    private const double ToleratedShare = 0.01;
    private const double ToleratedRatio = 0.1;

    /// <summary>Why the candidate cannot get more requests now; null when it can.</summary>
    public static Problem? Obstacle(Situation situation, Course course) => Traffic(situation, course) is { Problem: { } problem } ? Bounded(problem) : null;

    /// <summary>Whether a weight takes time to come into effect.</summary>
    public static bool Delays(Situation situation, Course course) => Traffic(situation, course) is not null;

    /// <summary>Why a weight is not in effect; null when it is.</summary>
    public static Problem? Pending(Situation situation, Course course, int weightPercent)
    {
        if (Traffic(situation, course) is not { } traffic)
        {
            return null;
        }

        return traffic.Problem is { } problem
            ? Bounded(problem)
            : traffic.WeightPercent == weightPercent ? null : new(RolloutReasons.WaitingForRoute, $"waits until {weightPercent}% is in effect on the route");
    }

    /// <summary>Begins to count what engines answer at a weight between those of the steps, as replicas change hands: from when it is in effect.</summary>
    public static Course Settle(Situation situation, Course course)
    {
        var rollout = course.Rollout;
        return rollout is { WeightPercent: > 0, HoldStartedAt: null, Baselines.Count: 0 } && situation.Observation.Counters.Count > 0
            && Delays(situation, course) && Pending(situation, course, rollout.WeightPercent) is null
            ? course.With(WeightChange.Hold(rollout, rollout.WeightPercent, situation.Now))
            : course;
    }

    /// <summary>The step waits: its weight is not in effect, or the requests do not follow it. Null when neither.</summary>
    /// <param name="mayMismatch">Whether the share does not matter: nothing is judged by it any more.</param>
    public static Course? Wait(Situation situation, Course course, bool mayMismatch = false)
    {
        if (Pending(situation, course, course.Rollout.WeightPercent) is { } pending)
        {
            return course.Wait(pending.Reason, pending.Message);
        }

        if (mayMismatch || ShareMismatch(course.Rollout) is not { } mismatch)
        {
            return null;
        }

        if (course.LastVerdict(ShareTest.Name)?.Verdict != Verdict.Inconclusive)
        {
            course = course.Record(ShareTest.Name, Verdict.Inconclusive, mismatch, situation.Now).Warn(RolloutReasons.TrafficShareMismatch, mismatch);
        }

        // The numbers grow with every look; the first ones are enough.
        return course.Rollout.Reason == RolloutReasons.TrafficShareMismatch ? course : course.Wait(RolloutReasons.TrafficShareMismatch, mismatch);
    }

    private static TrafficObservation? Traffic(Situation situation, Course course) => course.SharesPods || course.State.IsCandidateAlone ? null : situation.Observation.Traffic;

    /// <summary>How the requests that the engines counted miss the weight by more than noise; null where they do not, or are too few.</summary>
    private static string? ShareMismatch(Rollout rollout)
    {
        var rows = rollout.Evidence.Where(row => row.IsOfEngine && row.Epoch == rollout.WeightEpoch).ToList();
        var candidate = rows.Sum(row => row.Candidate.Requests);
        var all = candidate + rows.Sum(row => row.Stable.Requests);
        if (all < FewestRequests)
        {
            return null;
        }

        var asked = rollout.WeightPercent / 100.0;
        var tolerated = Math.Max(ToleratedShare, ToleratedRatio * Math.Min(asked, 1 - asked));
        return Wilson.Lower(candidate, all, Confidence) > asked + tolerated || Wilson.Upper(candidate, all, Confidence) < asked - tolerated
            ? string.Create(CultureInfo.InvariantCulture, $"the candidate answered {candidate} of {all} requests ({100.0 * candidate / all:0.0}%) where {rollout.WeightPercent}% was asked for: look for routes, filters or clients that choose a backend themselves")
            : null;
    }

    private static Problem Bounded(Problem problem) => problem with { Message = Excerpt.Of(problem.Message) };
}
