namespace LlmOps.Rollouts.Engine;

/// <summary>Notes when the first bad event of a candidate was seen: the time to detect is told from it.</summary>
internal static class FirstBad
{
    /// <summary>It is written at once and not with the next counts, and never changes after.</summary>
    public static Course Note(Situation situation, Course course) =>
        course.IsActive && course.Rollout is { FirstBadAt: null } rollout && (rollout.Evidence.Any(row => IsBad(row.Candidate)) || rollout.Checks.Any(check => check.Failures > 0))
            ? course.With(rollout with { FirstBadAt = situation.Now })
            : course;

    private static bool IsBad(TrackCounts counts) =>
        counts.Errors + counts.Blocked + counts.NegativeFeedback + counts.RenderFailures + counts.Unauthorized > 0 ||
        AboveLast(counts.SlowTtft) || AboveLast(counts.SlowTimePerOutputToken) || AboveLast(counts.LongOutput) || AboveLast(counts.Costly) ||
        counts.OverLimit.Any(limit => limit.Over > 0);

    /// <summary>Whether anything was above stable's p99, the last of the thresholds.</summary>
    private static bool AboveLast(EquatableArray<long> counts) => counts.Count > 0 && counts[^1] > 0;
}
