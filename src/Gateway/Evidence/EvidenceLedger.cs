using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Evidence;

/// <summary>
/// What this process has counted for the rollout that each LlmDeployment runs or ran last. Counts of a rollout stay until
/// the status names another one or the LlmDeployment is gone, so a reader that polls misses nothing.
/// </summary>
internal sealed class EvidenceLedger(TimeProvider time)
{
    private readonly ConcurrentDictionary<ObjectKey, RolloutEvidence> rollouts = new();

    /// <summary>Identifies this start of the process: counts are monotone per value.</summary>
    public string Process { get; } = Guid.NewGuid().ToString("N");

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public IEnumerable<RolloutEvidence> Rollouts => rollouts.Select(r => r.Value);

    /// <summary>Notes what the status says; gives the epoch to count into, or null where the candidate gets no traffic.</summary>
    public EpochEvidence? Observe(ObjectKey deployment, string? rollout, int epoch, int weightPercent, LatencyWindow stableFirstToken)
    {
        if (rollout is null)
        {
            Forget(deployment);
            return null;
        }

        var evidence = rollouts.AddOrUpdate(
            deployment,
            static (key, id) => new RolloutEvidence(key, id),
            static (key, known, id) => known.Rollout == id ? known : new RolloutEvidence(key, id),
            rollout);
        return weightPercent > 0 ? evidence.Epoch(epoch, weightPercent, stableFirstToken) : null;
    }

    public void Forget(ObjectKey deployment) => rollouts.TryRemove(deployment, out _);
}

/// <summary>Counts of one rollout.</summary>
internal sealed class RolloutEvidence(ObjectKey deployment, string rollout)
{
    private readonly Lock gate = new();
    private readonly BadEvents badEvents = new();
    private readonly SortedList<int, EpochEvidence> epochs = [];

    public ObjectKey Deployment => deployment;

    public string Rollout => rollout;

    /// <summary>The epochs in which the candidate had traffic, oldest first.</summary>
    public IReadOnlyList<EpochEvidence> Epochs
    {
        get
        {
            lock (gate)
                return [.. epochs.Values];
        }
    }

    public EpochEvidence Epoch(int epoch, int weightPercent, LatencyWindow stableFirstToken)
    {
        lock (gate)
        {
            if (!epochs.TryGetValue(epoch, out var known))
                epochs.Add(epoch, known = new EpochEvidence(epoch, weightPercent, stableFirstToken, badEvents));
            return known;
        }
    }
}
