namespace LlmOps.Rollouts.Engine;

/// <summary>How long the present hold will take, from the traffic that it has had.</summary>
internal static class Prediction
{
    private static readonly TimeSpan ShortestObservation = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Until time, requests and, where it is asked for, proof allow the next step; rounded up. Null where nothing is held, and while the traffic tells nothing.</summary>
    public static TimeSpan? Of(Situation situation, Course course)
    {
        if (!course.IsActive || course.Rollout is not { Phase: RolloutPhase.Stepping, HoldStartedAt: { } since } rollout || Stepping.Current(situation, course) is not WeightStep step || rollout.WeightPercent != step.WeightPercent)
        {
            return null;
        }

        var seconds = (situation.Now - since).TotalSeconds;
        var rows = rollout.Evidence.Where(row => row.Epoch == rollout.WeightEpoch).ToList();
        var requests = EvidenceSources.CandidateRequests(rows);
        var errors = EvidenceSources.ForTests(rows.ToEquatableArray()).Sum(row => row.Candidate.Errors + row.Stable.Errors);
        var waits = new[]
        {
            step.HoldFor.TotalSeconds - seconds,
            WaitFor(Math.Max(1, step.MinRequests) - requests, requests / seconds),
            WaitFor(Proving.ExpectedEvents(situation.Plan.Analysis, rollout), errors / seconds),
        };
        return seconds < ShortestObservation.TotalSeconds || waits.Max() > Longest.TotalSeconds ? null : RoundUp(waits.Max());
    }

    private static double WaitFor(double missing, double perSecond) => missing <= 0 ? 0 : perSecond > 0 ? missing / perSecond : double.PositiveInfinity;

    /// <summary>To 10 s up to two minutes, to minutes up to two hours, to hours beyond.</summary>
    private static TimeSpan? RoundUp(double seconds)
    {
        var unit = seconds <= 120 ? 10 : seconds <= 7200 ? 60 : 3600;
        return seconds <= 0 ? null : TimeSpan.FromSeconds(Math.Ceiling(seconds / unit) * unit);
    }
}
