namespace LlmOps.Gateway.Evidence;

/// <summary>
/// Counts of one weight epoch of one rollout, by the track that a request was assigned to when it came. Thresholds are
/// quantiles of stable's time to first token, fixed before any request that is held against them: at the start of the
/// epoch, or at the first assignment after <see cref="KnownAnswers"/> answers of stable are known.
/// </summary>
internal sealed class EpochEvidence
{
    /// <summary>Answers of stable that must be known before thresholds are taken.</summary>
    public const int KnownAnswers = 50;

    private readonly Lock gate = new();
    private readonly LatencyWindow stableFirstToken;
    private readonly BadEvents badEvents;
    private volatile double[]? thresholds;

    public EpochEvidence(int epoch, int weightPercent, LatencyWindow stableFirstToken, BadEvents badEvents)
    {
        Epoch = epoch;
        WeightPercent = weightPercent;
        this.stableFirstToken = stableFirstToken;
        this.badEvents = badEvents;
        FreezeThresholds();
    }

    /// <summary>Quantiles of stable that become thresholds.</summary>
    public static ReadOnlySpan<double> Quantiles => [0.5, 0.75, 0.9, 0.95, 0.99];

    public int Epoch { get; }

    public int WeightPercent { get; }

    public TrackCounts Stable { get; } = new();

    public TrackCounts Candidate { get; } = new();

    /// <summary>Seconds, rising; empty while stable is not known well enough.</summary>
    public IReadOnlyList<double> ThresholdsSeconds => thresholds ?? [];

    /// <summary>Counts a request and gives the ticket that its first attempt reports to.</summary>
    /// <param name="candidate">Track it was assigned to.</param>
    /// <param name="unit">Hash of the sticky unit; null where each request is its own.</param>
    /// <param name="streamed">Only streamed answers have a time to first token.</param>
    public Assignment Assign(bool candidate, ulong? unit, bool streamed)
    {
        if (thresholds is null)
            FreezeThresholds();
        var counts = candidate ? Candidate : Stable;
        counts.AddRequest();
        return new Assignment(counts, badEvents, unit, streamed ? thresholds : null);
    }

    private void FreezeThresholds()
    {
        if (stableFirstToken.Count < KnownAnswers)
            return;
        lock (gate)
            thresholds ??= stableFirstToken.Quantiles(Quantiles);
    }
}
