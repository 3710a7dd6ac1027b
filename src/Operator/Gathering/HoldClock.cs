using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Sees to it that no hold is shorter because its status was written late: the time in a status is that of the decision, and gateways begin to follow it when
/// the server has it; nor because a clock was set meanwhile. A hold that this process saw begin more than <see cref="Tolerance"/> after the time in its status counts
/// from when it was seen, by this machine's count of time.
/// </summary>
/// <remarks>
/// What began before this process looked for the first time was seen by another one: its time is believed, and as much later as this process may be wrong about what time it is.
/// </remarks>
internal sealed class HoldClock(ServerClock time)
{
    public static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<ObjectKey, Seen> seen = new();

    /// <summary>The state with the hold that really is.</summary>
    public RolloutState Correct(ObjectKey deployment, RolloutState state, DateTimeOffset now)
    {
        var (id, epoch) = (state.Current?.Id, state.Current?.WeightEpoch ?? 0);
        var current = seen.AddOrUpdate(
            deployment,
            _ => new(id, epoch, null, state.Current?.HoldStartedAt + time.Uncertainty),
            (_, known) => (known.Rollout, known.Epoch) == (id, epoch) ? known : new(id, epoch, time.GetTimestamp(), null));
        if (state is not { Candidate: not null, Current: { HoldStartedAt: { } since } rollout })
            return state;
        DateTimeOffset? seenAt = current.At is { } at ? now - TimeSpan.FromMilliseconds(Math.Floor(time.GetElapsedTime(at).TotalMilliseconds)) : null;
        var began = seenAt - since > Tolerance ? seenAt : current.Earliest > since ? current.Earliest : since;
        return began == since ? state : state with { Current = rollout with { HoldStartedAt = began } };
    }

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment) => seen.TryRemove(deployment, out _);

    /// <param name="At">Timestamp at which the epoch was seen first; null where it was there before.</param>
    /// <param name="Earliest">When the hold may have begun at the earliest, where it was there before; null where there was none.</param>
    private sealed record Seen(string? Rollout, int Epoch, long? At, DateTimeOffset? Earliest);
}
