namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>Pods as they are seen.</summary>
internal sealed class PodCluster
{
    private readonly Dictionary<string, PodsObservation> pods = [];

    public EquatableArray<PodsObservation> Seen => pods.Values.ToEquatableArray();

    /// <summary>All that is wanted is ready.</summary>
    public void Follow(EquatableArray<ServingTarget> targets) => Set(targets, target => new(target.ServingHash, target.Replicas, target.Replicas, target.Replicas));

    /// <summary>Some of what is wanted is not ready yet, or is ready and has answered nothing, or refuses whoever asks.</summary>
    public void Lag(EquatableArray<ServingTarget> targets, Dice dice)
    {
        var (missing, isCold, start) = (dice.Roll(3), dice.OneIn(3), (StartPhase)dice.Roll(4));
        var problem = dice.OneIn(3) ? new Problem(dice.OneIn(2) ? RolloutReasons.InsufficientGpus : "PodCrashLoop", "no node has a free GPU, or so") : null;
        var isRefused = isCold && dice.OneIn(4);
        Set(targets, target =>
        {
            var ready = Math.Max(0, target.Replicas - missing);
            return new(target.ServingHash, target.Replicas, ready, isCold ? 0 : ready, ready < target.Replicas ? problem : null, Start: start, Unauthorized: isRefused ? ready : 0);
        });
    }

    /// <summary>Pods of one serving hash are gone, stable's most often, or tell how much they still answer.</summary>
    public void Lose(RolloutState state, Dice dice)
    {
        if (pods.Count > 0)
        {
            var hash = dice.OneIn(2) && state.Stable is { } stable && pods.ContainsKey(stable.ServingHash) ? stable.ServingHash : dice.Pick(pods.Keys.Order(StringComparer.Ordinal).ToList());
            var ready = pods[hash].Ready * dice.Roll(4) / 3;
            pods[hash] = pods[hash] with { Ready = ready, WarmedUp = ready, InFlight = dice.Roll(3) };
        }
    }

    private void Set(EquatableArray<ServingTarget> targets, Func<ServingTarget, PodsObservation> seen)
    {
        foreach (var hash in pods.Keys.Except(targets.Select(target => target.ServingHash)).ToList())
        {
            pods.Remove(hash);
        }

        foreach (var target in targets)
        {
            pods[target.ServingHash] = seen(target);
        }
    }
}
