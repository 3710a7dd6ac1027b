namespace LlmOps.Gateway.Evidence;

/// <summary>What was counted for one track in one weight epoch. Only grows. Thread safe.</summary>
internal sealed class TrackCounts
{
    private readonly long[] slowTtft = new long[Thresholds.LatencyQuantiles.Length];
    private readonly long[] slowTimePerOutputToken = new long[Thresholds.LatencyQuantiles.Length];
    private readonly long[] longOutput = new long[Thresholds.AmountQuantiles.Length];
    private readonly long[] costly = new long[Thresholds.AmountQuantiles.Length];
    private long requests;
    private long units;
    private long errors;
    private long blocked;
    private long negativeFeedback;
    private long renderFailures;
    private long unauthorized;
    private long firstErrorTicks;

    public long Requests => Interlocked.Read(ref requests);

    /// <summary>Distinct sticky units of the rollout, in the epoch that each came in first; requests where each is its own.</summary>
    public long Units => Interlocked.Read(ref units);

    public long Errors => Interlocked.Read(ref errors);

    public long Blocked => Interlocked.Read(ref blocked);

    public long NegativeFeedback => Interlocked.Read(ref negativeFeedback);

    public long RenderFailures => Interlocked.Read(ref renderFailures);

    public long Unauthorized => Interlocked.Read(ref unauthorized);

    public DateTimeOffset? FirstErrorAt => Interlocked.Read(ref firstErrorTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Events above each threshold of one signal.</summary>
    /// <param name="signal">One that has thresholds.</param>
    /// <param name="index">Which threshold.</param>
    public long Above(Signal signal, int index) => Interlocked.Read(ref ByThreshold(signal)[index]);

    public void AddRequest() => Interlocked.Increment(ref requests);

    public void AddAbove(Signal signal, int index) => Interlocked.Increment(ref ByThreshold(signal)[index]);

    /// <summary>Counts a signal that has no thresholds.</summary>
    public void Add(Signal signal)
    {
        switch (signal)
        {
            case Signal.Assigned:
                Interlocked.Increment(ref units);
                break;
            case Signal.Blocked:
                Interlocked.Increment(ref blocked);
                break;
            case Signal.NegativeFeedback:
                Interlocked.Increment(ref negativeFeedback);
                break;
            case Signal.RenderFailure:
                Interlocked.Increment(ref renderFailures);
                break;
            case Signal.Unauthorized:
                Interlocked.Increment(ref unauthorized);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(signal), signal, "has a count of its own");
        }
    }

    public void AddError(DateTimeOffset now)
    {
        Interlocked.CompareExchange(ref firstErrorTicks, now.UtcTicks, 0);
        Interlocked.Increment(ref errors);
    }

    private long[] ByThreshold(Signal signal) => signal switch
    {
        Signal.SlowTtft => slowTtft,
        Signal.SlowTimePerOutputToken => slowTimePerOutputToken,
        Signal.LongOutput => longOutput,
        Signal.Costly => costly,
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "has no thresholds"),
    };
}
