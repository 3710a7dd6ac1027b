namespace LlmOps.Gateway.Evidence;

/// <summary>
/// Counts of one weight epoch of one rollout, by the track that a request was assigned to when it came. In a mirrored epoch
/// the candidate gets copies, and both tracks count the requests that were copied, and no others. Thresholds are quantiles of
/// stable, fixed before any request that is held against them: at the start of the epoch, or at the first assignment after
/// <see cref="Thresholds.KnownAnswers"/> answers of stable are known.
/// </summary>
internal sealed class EpochEvidence
{
    /// <summary>Makes another unit of a sticky one: of a pair each side has its own first bad event.</summary>
    private const ulong CopyMark = 0x9E3779B97F4A7C15;

    private readonly Lock gate = new();
    private readonly RecentAnswers stable;
    private volatile Thresholds thresholds = Thresholds.Unknown;
    private volatile LimitSet limits = LimitSet.None;

    public EpochEvidence(int epoch, int weightPercent, bool isMirrored, RecentAnswers stable, BadEvents badEvents)
    {
        (Epoch, WeightPercent, IsMirrored, BadEvents) = (epoch, weightPercent, isMirrored, badEvents);
        this.stable = stable;
        CompleteThresholds();
    }

    public int Epoch { get; }

    public int WeightPercent { get; }

    /// <summary>Whether the candidate gets copies of stable's requests instead of requests.</summary>
    public bool IsMirrored { get; }

    public BadEvents BadEvents { get; }

    public TrackCounts Stable { get; } = new();

    public TrackCounts Candidate { get; } = new();

    /// <summary>As far as they are known now.</summary>
    public Thresholds Thresholds => thresholds;

    public LimitSet Limits => limits;

    /// <summary>Puts limits in force.</summary>
    /// <param name="inForce">Each with its number in the rollout.</param>
    public void Follow(IReadOnlyList<(LatencyLimit Limit, int Index)> inForce)
    {
        lock (gate)
            limits = limits.With(inForce);
    }

    /// <summary>Counts a request and gives the ticket that its first attempt reports to.</summary>
    /// <param name="candidate">Track it was assigned to.</param>
    /// <param name="unit">Hash of the sticky unit; null where each request is its own.</param>
    /// <param name="streamed">Only streamed answers have a time to first token.</param>
    /// <param name="failsAfter">A longer wait for the first token is an error; null where the attempt itself ends by then.</param>
    public Assignment Assign(bool candidate, ulong? unit, bool streamed, TimeSpan? failsAfter = null)
    {
        CompleteThresholds();
        if (candidate && IsMirrored)
            unit ^= CopyMark;
        var counts = candidate ? Candidate : Stable;
        counts.AddRequest();
        if (BadEvents.IsFirst(Signal.Assigned, unit))
            counts.Add(Signal.Assigned);
        return new Assignment(this, candidate, unit, streamed, failsAfter);
    }

    /// <summary>Counts negative feedback of a unit; false where it counts for nothing: it gave some before, or users get stable alone.</summary>
    public bool Dislike(bool candidate, ulong unit)
    {
        if (IsMirrored || !BadEvents.IsFirst(Signal.NegativeFeedback, unit))
            return false;
        (candidate ? Candidate : Stable).Add(Signal.NegativeFeedback);
        return true;
    }

    private void CompleteThresholds()
    {
        if (ReferenceEquals(thresholds.CompletedFrom(stable), thresholds))
            return;
        lock (gate)
            thresholds = thresholds.CompletedFrom(stable);
    }
}
