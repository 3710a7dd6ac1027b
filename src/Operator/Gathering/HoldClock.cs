using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Sees to it that no hold is shorter because its status was written late: the time in a status is that of the decision, and gateways begin to follow it when
/// the server has it. A hold that this process saw begin more than <see cref="Tolerance"/> after the time in its status counts from when it was seen.
/// </summary>
/// <remarks>What began before this process looked for the first time is believed: it was seen by another one.</remarks>
internal sealed class HoldClock
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<ObjectKey, Seen> seen = new();

    /// <summary>The state with the hold that really is.</summary>
    public RolloutState Correct(ObjectKey deployment, RolloutState state, DateTimeOffset now)
    {
        var (id, epoch) = (state.Current?.Id, state.Current?.WeightEpoch ?? 0);
        var current = seen.AddOrUpdate(deployment, _ => new(id, epoch, null), (_, known) => (known.Rollout, known.Epoch) == (id, epoch) ? known : new(id, epoch, now));
        return state is { Candidate: not null, Current: { HoldStartedAt: { } since } rollout } && current.At - since > Tolerance
            ? state with { Current = rollout with { HoldStartedAt = current.At } }
            : state;
    }

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment) => seen.TryRemove(deployment, out _);

    /// <param name="At">When the epoch was seen first; null where it was there before.</param>
    private sealed record Seen(string? Rollout, int Epoch, DateTimeOffset? At);
}
