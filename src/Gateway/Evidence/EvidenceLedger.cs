using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Evidence;

/// <summary>
/// What this process has counted for the rollout that each LlmDeployment runs. Counts of a rollout stay for a while after the status said that it is
/// over, so a reader that polls misses nothing, and go when the status names another one or the LlmDeployment is gone. Nothing is kept of those that were over before
/// this process came to know them: all that rollouts cost depends on how many run, not on how many LlmDeployments there are.
/// </summary>
/// <param name="keepFor">How long counts outlive their rollout.</param>
internal sealed class EvidenceLedger(TimeSpan keepFor, TimeProvider time)
{
    private readonly ConcurrentDictionary<ObjectKey, RolloutEvidence> rollouts = new();

    /// <summary>Identifies this start of the process: counts are monotone per value.</summary>
    public string Process { get; } = Guid.NewGuid().ToString("N");

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public IEnumerable<RolloutEvidence> Rollouts
    {
        get
        {
            foreach (var known in rollouts)
            {
                if (known.Value.EndedAt is not { } endedAt || time.GetElapsedTime(endedAt) < keepFor)
                    yield return known.Value;
                else
                    rollouts.TryRemove(known);
            }
        }
    }

    /// <summary>Notes what the status and the spec say; gives the epoch to count into, or null where the candidate gets neither traffic nor copies.</summary>
    public EpochEvidence? Observe(ObjectKey deployment, RolloutPosition? position, IReadOnlyList<LatencyLimit> limits, RecentAnswers stable, RecentAnswers? candidate)
    {
        if (position is null)
        {
            Forget(deployment);
            return null;
        }

        if (position.IsOver)
        {
            if (rollouts.TryGetValue(deployment, out var ended) && ended.Rollout == position.Rollout)
                ended.End(time.GetTimestamp());
            else
                Forget(deployment);
            return null;
        }

        var evidence = rollouts.AddOrUpdate(
            deployment,
            static (key, id) => new RolloutEvidence(key, id),
            static (key, known, id) => known.Rollout == id ? known : new RolloutEvidence(key, id),
            position.Rollout);
        evidence.Follow(stable, candidate);
        return position.WeightPercent > 0 || position.IsMirrored ? evidence.Epoch(position, limits, stable) : null;
    }

    public void Forget(ObjectKey deployment) => rollouts.TryRemove(deployment, out _);
}

/// <summary>Counts of one rollout.</summary>
internal sealed class RolloutEvidence(ObjectKey deployment, string rollout)
{
    /// <summary>Epochs whose counts are kept, the newest: as many rows as the operator keeps of a rollout, which has read the others long before.</summary>
    public const int MostEpochs = 200;

    private readonly Lock gate = new();
    private readonly BadEvents badEvents = new();
    private readonly SortedList<int, EpochEvidence> epochs = [];
    private readonly List<LatencyLimit> limits = [];
    private long? endedAt;

    public ObjectKey Deployment => deployment;

    public string Rollout => rollout;

    /// <summary>Timestamp at which this process heard of its end; null while it runs.</summary>
    public long? EndedAt
    {
        get
        {
            lock (gate)
                return endedAt;
        }
    }

    /// <summary>What the answers of stable are like; as long as there is a candidate beside it.</summary>
    public RecentAnswers? StableAnswers { get; private set; }

    /// <summary>What the answers of the candidate are like.</summary>
    public RecentAnswers? CandidateAnswers { get; private set; }

    /// <summary>The epochs in which the candidate had traffic or copies, oldest first.</summary>
    public IReadOnlyList<EpochEvidence> Epochs
    {
        get
        {
            lock (gate)
                return [.. epochs.Values];
        }
    }

    /// <summary>Keeps the counts and lets go of all else: what people look at while it runs, and which units had what.</summary>
    public void End(long now)
    {
        lock (gate)
            endedAt ??= now;
        (StableAnswers, CandidateAnswers) = (null, null);
        badEvents.Close();
    }

    /// <summary>Whose answers are told of, as long as there is a candidate.</summary>
    public void Follow(RecentAnswers stable, RecentAnswers? candidate)
    {
        if (candidate is not null)
            (StableAnswers, CandidateAnswers) = (stable, candidate);
    }

    public EpochEvidence Epoch(RolloutPosition position, IReadOnlyList<LatencyLimit> inForce, RecentAnswers stable)
    {
        lock (gate)
        {
            if (!epochs.TryGetValue(position.Epoch, out var known))
            {
                if (epochs.Count == MostEpochs)
                    epochs.RemoveAt(0);
                epochs.Add(position.Epoch, known = new EpochEvidence(position.Epoch, position.WeightPercent, position.IsMirrored, stable, badEvents));
            }

            known.Follow([.. inForce.Select(l => (l, Number(l))).Where(l => l.Item2 < LatencyLimit.Most)]);
            return known;
        }
    }

    /// <summary>The limit's number in this rollout; one beyond the bound is not counted.</summary>
    private int Number(LatencyLimit limit)
    {
        var number = limits.IndexOf(limit);
        if (number >= 0 || limits.Count == LatencyLimit.Most)
            return number >= 0 ? number : LatencyLimit.Most;
        limits.Add(limit);
        return limits.Count - 1;
    }
}

/// <summary>Where a rollout is, as its status says.</summary>
/// <param name="Rollout">Id of the rollout.</param>
/// <param name="Epoch">Counts the changes of weight and mirror.</param>
/// <param name="WeightPercent">Share of the candidate, 0 to 100.</param>
/// <param name="IsMirrored">Whether it gets copies of stable's requests.</param>
/// <param name="IsOver">Whether it has ended.</param>
internal sealed record RolloutPosition(string Rollout, int Epoch, int WeightPercent, bool IsMirrored, bool IsOver);
