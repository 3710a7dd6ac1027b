namespace LlmOps.Gateway.Evidence;

/// <summary>The absolute limits of one weight epoch: those in force, and the counts of all. Immutable; replaced where the spec's limits change.</summary>
internal sealed class LimitSet
{
    private LimitSet(IReadOnlyList<LimitCounts> all, IEnumerable<LimitCounts> inForce)
    {
        All = all;
        var rising = inForce.OrderBy(l => l.Limit.MaxSeconds).ToArray();
        Ttft = [.. rising.Where(l => l.Limit.Latency == LimitedLatency.Ttft)];
        TimePerOutputToken = [.. rising.Where(l => l.Limit.Latency == LimitedLatency.TimePerOutputToken)];
    }

    public static LimitSet None { get; } = new([], []);

    /// <summary>Also those that are no longer in force: counts only grow.</summary>
    public IReadOnlyList<LimitCounts> All { get; }

    /// <summary>In force on the time to the first token, rising.</summary>
    public LimitCounts[] Ttft { get; }

    /// <summary>In force on the time per output token, rising.</summary>
    public LimitCounts[] TimePerOutputToken { get; }

    /// <summary>The set with these limits in force.</summary>
    /// <param name="limits">Each with its number in the rollout.</param>
    public LimitSet With(IReadOnlyList<(LatencyLimit Limit, int Index)> limits)
    {
        if (limits.Count == 0 && All.Count == 0)
            return this;
        var known = All.ToDictionary(l => l.Index);
        foreach (var (limit, index) in limits)
            known.TryAdd(index, new LimitCounts(limit, index));
        return new LimitSet([.. known.Values.OrderBy(l => l.Index)], limits.Select(l => known[l.Index]));
    }
}
