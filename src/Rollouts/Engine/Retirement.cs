namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Keeps the pods of a release that lost its traffic for a while: a way back stays warm, and streams end. After the delay the engine's own count of requests in
/// flight decides, up to a deadline; a count that nobody knows is not 0.
/// </summary>
internal static class Retirement
{
    /// <summary>How often requests in flight are counted while pods wait for nothing else.</summary>
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(1);

    /// <summary>The retiring pods with those of a release; no more of them than there are, so that nothing scales up in order to go.</summary>
    public static EquatableArray<RetiringPods> Add(Situation situation, RolloutState state, Release release)
    {
        var planned = Capacity.Targets(situation.Plan, state).FirstOrDefault(target => target.ServingHash == release.ServingHash)?.Replicas ?? 0;
        var known = situation.Observation.Pods.FirstOrDefault(pods => pods.ServingHash == release.ServingHash);
        // A plan that gave all of them away does not mean that they are gone: those that are there have served until now.
        var replicas = planned == 0 ? known?.Desired ?? 0 : Math.Min(planned, known?.Desired ?? planned);
        var until = situation.Now + situation.Plan.ScaleDownDelay;
        DateTimeOffset? deadline = situation.Plan.DrainDeadline > TimeSpan.Zero ? until + situation.Plan.DrainDeadline : null;
        if (replicas == 0)
        {
            return state.Retiring;
        }

        return state.Retiring
            .Where(pods => pods.ServingHash != release.ServingHash)
            .Append(new(release.ServingHash, replicas, until, deadline))
            .OrderBy(pods => pods.Until)
            .TakeLast(RolloutState.MaxRetiring)
            .ToEquatableArray();
    }

    /// <summary>Lets pods go whose time is over, but none that requests may still reach.</summary>
    public static Course Expire(Situation situation, Course course) => course with
    {
        State = course.State with { Retiring = course.State.Retiring.Where(pods => MustStay(situation, pods)).ToEquatableArray() },
    };

    /// <summary>When the first of the retiring pods may go; null where none retire.</summary>
    public static DateTimeOffset? LookAgainAt(Situation situation, RolloutState state) => state.Retiring
        .Select(pods => (DateTimeOffset?)(situation.Now < pods.Until ? pods.Until : Earlier(pods.Deadline ?? pods.Until, situation.Now + CountInterval)))
        .Min();

    private static bool MustStay(Situation situation, RetiringPods pods)
    {
        if (situation.Now < pods.Until || situation.Observation.Traffic?.Reachable.Contains(pods.ServingHash) == true)
        {
            return true;
        }

        // Pods that are not there, or that nobody wants any more, answer nothing.
        var seen = situation.Observation.Pods.FirstOrDefault(seen => seen.ServingHash == pods.ServingHash);
        return pods.Deadline is { } deadline && situation.Now < deadline && seen is { Desired: > 0 } and not { InFlight: 0 };
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
