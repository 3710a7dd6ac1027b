namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Turns counters that know nothing of weights into rows of evidence. A process is counted from its first reading since the weight is in effect, and that reading
/// is kept, so that a restart of the operator neither loses a request nor counts one twice. What came before is left out, of both tracks alike.
/// </summary>
internal static class CounterBook
{
    public static Course Count(Situation situation, Course course)
    {
        var read = situation.Observation.Counters;
        if (!course.IsActive || course.IsFirstRelease || course.Rollout.WeightPercent == 0 || read.Count == 0)
        {
            return course;
        }

        var rollout = course.Rollout;
        var baselines = rollout.Baselines.Where(baseline => baseline.Epoch == rollout.WeightEpoch).ToDictionary(baseline => baseline.Process, StringComparer.Ordinal);
        // Without a hold the weight is that of the last one, and what was counted in it goes on: pods that come then are counted from their first reading.
        var isInEffect = baselines.Count > 0;
        foreach (var counter in read.Where(counter => (rollout.HoldStartedAt is { } since ? counter.ReadAt > since : isInEffect) && baselines.Count < Rollout.MaxEvidenceRows))
        {
            baselines.TryAdd(counter.Process, new(counter.Process, rollout.WeightEpoch, counter.Requests, counter.Errors));
        }

        var rows = read.Where(counter => baselines.ContainsKey(counter.Process)).Select(counter => Row(rollout, counter, baselines[counter.Process])).ToEquatableArray();
        return course.With(rollout with
        {
            Baselines = baselines.Values.OrderBy(baseline => baseline.Process, StringComparer.Ordinal).ToEquatableArray(),
            Evidence = rows.Count == 0 ? rollout.Evidence : EvidenceMerge.Rows(rollout.Evidence, rows),
        });
    }

    /// <summary>A counter that went back belongs to a process that started anew and is not known as such yet: it has counted nothing.</summary>
    private static EvidenceRow Row(Rollout rollout, CounterReading counter, CounterBaseline from)
    {
        var requests = Math.Max(0, counter.Requests - from.Requests);
        var counts = new TrackCounts(requests, Math.Max(0, counter.Errors - from.Errors)) { Units = requests };
        return new(counter.Process, rollout.WeightEpoch, rollout.WeightPercent, counter.IsCandidate ? TrackCounts.None : counts, counter.IsCandidate ? counts : TrackCounts.None)
        {
            IsOfEngine = true,
        };
    }
}
