namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps the pods of a release that lost its traffic for a while: streams end, and a way back stays warm.</summary>
internal static class Retirement
{
    /// <summary>The retiring pods with those of a release; no more of them than there are, so that nothing scales up in order to go.</summary>
    public static EquatableArray<RetiringPods> Add(Situation situation, RolloutState state, Release release)
    {
        var planned = Capacity.Targets(situation.Plan, state).FirstOrDefault(target => target.ServingHash == release.ServingHash)?.Replicas ?? 0;
        var known = situation.Observation.Pods.FirstOrDefault(pods => pods.ServingHash == release.ServingHash);
        var replicas = Math.Min(planned, known?.Desired ?? planned);
        var until = situation.Now + situation.Plan.ScaleDownDelay;
        if (replicas == 0)
        {
            return state.Retiring;
        }

        return state.Retiring
            .Where(pods => pods.ServingHash != release.ServingHash)
            .Append(new(release.ServingHash, replicas, until))
            .OrderBy(pods => pods.Until)
            .TakeLast(RolloutState.MaxRetiring)
            .ToEquatableArray();
    }

    public static Course Expire(Situation situation, Course course) => course with
    {
        State = course.State with { Retiring = course.State.Retiring.Where(pods => situation.Now < pods.Until).ToEquatableArray() },
    };
}
