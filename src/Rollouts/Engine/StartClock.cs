namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps in which phase of its start the candidate's first pod is, and since when, so that a restart neither shortens nor lengthens a deadline.</summary>
internal static class StartClock
{
    public static Course Watch(Situation situation, Course course)
    {
        var pods = situation.PodsOf(course.Candidate);
        if (course.SharesPods || pods.Desired == 0)
        {
            return course.Rollout.Start is null ? course : course.With(course.Rollout with { Start = null });
        }

        var phase = pods.Ready > 0 ? StartPhase.WarmUp : pods.Start;
        return course.Rollout.Start?.Phase == phase ? course : course.With(course.Rollout with { Start = new(phase, situation.Now) });
    }

    /// <summary>When the present phase is over time; null where no pod is starting.</summary>
    public static DateTimeOffset? DeadlineOf(RolloutPlan plan, Rollout rollout) =>
        rollout is { Phase: RolloutPhase.Starting, Start: { } start } ? start.Since + plan.StartDeadlines.Of(start.Phase) : null;

    /// <summary>What is over time and what it waited for, in a sentence.</summary>
    public static string Overdue(Rollout rollout, DateTimeOffset deadline) =>
        Excerpt.Of($"the first pod was not done with {Describe(rollout.Start!.Phase)} until {Waiting.Time(deadline)}: {rollout.Reason}: {rollout.Message}");

    private static string Describe(StartPhase phase) => phase switch
    {
        StartPhase.Scheduling => "finding a node (scheduling)",
        StartPhase.ImagePull => "pulling its image (imagePull)",
        StartPhase.Load => "loading (load)",
        _ => "its first answer (warmUp)",
    };
}
