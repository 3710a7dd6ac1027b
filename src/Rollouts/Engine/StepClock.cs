namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps when each stage of a rollout began and ended, under the name that it had then.</summary>
internal static class StepClock
{
    private const string Start = "start";
    private const string Promotion = "promotion";

    public static EquatableArray<StepTime> Follow(Situation situation, Course course, Rollout? was, Rollout rollout)
    {
        var times = rollout.StepTimes;
        var open = times.Count > 0 && times[^1] is { StartedAt: not null, EndedAt: null } last ? last : null;
        // Without any time the status was written by a version that kept none: the stage is older than this decision.
        if (open is null && was is not null)
        {
            open = new(was.StepIndex, NameOf(situation, course, was), was.WeightPercent, was.StepStartedAt, null);
            times = times.Add(open);
        }

        if (!rollout.IsRunning)
        {
            times = open is null ? times : Replace(times, open with { EndedAt = situation.Now });
            return rollout.Phase == RolloutPhase.Promoted ? times : Bound([.. times, .. NeverReached(situation, was ?? rollout)]);
        }

        var name = NameOf(situation, course, rollout);
        if (open is not null && open.StepIndex == rollout.StepIndex && open.Name == name)
        {
            return rollout.WeightPercent > open.WeightPercent ? Replace(times, open with { WeightPercent = rollout.WeightPercent }) : times;
        }

        times = open is null ? times : Replace(times, open with { EndedAt = situation.Now });
        return Bound(times.Add(new(rollout.StepIndex, name, rollout.WeightPercent, situation.Now, null)));
    }

    /// <summary>The stage in words.</summary>
    public static string NameOf(Situation situation, Course course, Rollout rollout) => rollout.Phase switch
    {
        RolloutPhase.Starting => Start,
        RolloutPhase.Promoting => Promotion,
        RolloutPhase.Stepping when Steps.Clamp(situation.Plan.Steps, course.State with { Current = rollout }) is var index =>
            index < situation.Plan.Steps.Count ? situation.Plan.Steps[index].ToString()! : Promotion,
        var phase => phase.ToString().ToLowerInvariant(),
    };

    private static EquatableArray<StepTime> Replace(EquatableArray<StepTime> times, StepTime last) => [.. times.Take(times.Count - 1), last];

    private static EquatableArray<StepTime> Bound(EquatableArray<StepTime> times) => Bounded.To(times, Rollout.MaxStepTimes, time => (time.StepIndex, time.Name));

    private static IEnumerable<StepTime> NeverReached(Situation situation, Rollout was) => situation.Plan.Steps
        .Select((step, index) => new StepTime(index, step.ToString()!, 0, null, null))
        .Skip(was.Phase == RolloutPhase.Starting ? was.StepIndex : was.StepIndex + 1);
}
