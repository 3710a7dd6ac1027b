namespace LlmOps.EngineEmulator.Behaviour;

/// <summary>
/// Shares of requests, 0–1 each, that go wrong. One request has at most one fault: shares add up, and what exceeds 1 is cut.
/// </summary>
public sealed record FailureProfile
{
    /// <summary>Answered 500 before any byte of the answer.</summary>
    public double Rate5xx { get; init; }

    /// <summary>Connection reset before any byte.</summary>
    public double RefuseRate { get; init; }

    /// <summary>Wait <see cref="StallSeconds"/> before the first token, then go on as usual.</summary>
    public double StallRate { get; init; }

    /// <summary>Seconds. Settable because of its default: see <see cref="Catalog.ModelProfile"/>.</summary>
    public double StallSeconds { get; set; } = 30;

    /// <summary>Connection reset after about half of the tokens.</summary>
    public double BrokenStreamRate { get; init; }

    /// <summary>Ends after about half of the tokens with <c>finish_reason: "error"</c>.</summary>
    public double ErrorFinishRate { get; init; }

    /// <summary>Ends after about half of the tokens with an <c>error</c> event (500 when not streamed): vLLM's habit since 0.11.</summary>
    public double ErrorEventRate { get; init; }

    /// <summary>No tokens, <c>finish_reason: "stop"</c>.</summary>
    public double EmptyRate { get; init; }

    /// <summary>The first so many requests are spared.</summary>
    public long StartAfterRequests { get; init; }

    /// <summary>The fault of one request, from its uniform random number in [0, 1) and its number, from 1.</summary>
    internal FailureKind Pick(double uniform, long requestNumber)
    {
        if (requestNumber <= StartAfterRequests)
            return FailureKind.None;
        if ((uniform -= Rate5xx) < 0)
            return FailureKind.ServerError;
        if ((uniform -= RefuseRate) < 0)
            return FailureKind.Refuse;
        if ((uniform -= StallRate) < 0)
            return FailureKind.Stall;
        if ((uniform -= BrokenStreamRate) < 0)
            return FailureKind.BrokenStream;
        if ((uniform -= ErrorFinishRate) < 0)
            return FailureKind.ErrorFinish;
        if ((uniform -= ErrorEventRate) < 0)
            return FailureKind.ErrorEvent;
        return uniform - EmptyRate < 0 ? FailureKind.Empty : FailureKind.None;
    }
}

/// <summary>The fault of one request.</summary>
public enum FailureKind
{
    None,
    ServerError,
    Refuse,
    Stall,
    BrokenStream,
    ErrorFinish,
    ErrorEvent,
    Empty,

    /// <summary>Health says 200, generation says 500.</summary>
    LyingHealth,
}
