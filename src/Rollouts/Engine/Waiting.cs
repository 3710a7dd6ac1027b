namespace LlmOps.Rollouts.Engine;

/// <summary>Says what a step waits for. Messages name targets and not progress, so that a wait is written once.</summary>
internal static class Waiting
{
    /// <summary>Pods are seen through watches; a warm-up request is not, so it is looked for again.</summary>
    private static readonly TimeSpan WarmUpInterval = TimeSpan.FromSeconds(1);

    public static Course ForPods(Situation situation, Course course, Problem missing)
    {
        course = course.Wait(missing.Reason, missing.Message);
        return missing.Reason == RolloutReasons.WaitingForWarmUp ? course with { LookAgainAt = situation.Now + WarmUpInterval } : course;
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", null);
}
