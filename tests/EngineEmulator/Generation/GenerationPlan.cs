using LlmOps.EngineEmulator.Behaviour;

namespace LlmOps.EngineEmulator.Generation;

/// <summary>All that will happen to one request, decided before it starts.</summary>
internal sealed record GenerationPlan
{
    /// <summary>Number of the request, from 1.</summary>
    public required long Number { get; init; }

    public required string Text { get; init; }

    /// <summary>End, exclusive, of each token in <see cref="Text"/>.</summary>
    public required int[] Ends { get; init; }

    /// <summary>How it ends when nothing goes wrong.</summary>
    public required FinishReason Finish { get; init; }

    public required FailureKind Failure { get; init; }

    /// <summary>From the place in the batch to the first token, a stall included.</summary>
    public required TimeSpan PrefillTime { get; init; }

    /// <summary>Median of the time per further token, milliseconds; 0: all at once.</summary>
    public required double TpotMedianMs { get; init; }

    public required double TpotSigma { get; init; }

    /// <summary>Seed of the times between tokens.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Tokens that come out before an injected end.</summary>
    public int TokensToPlay => Failure switch
    {
        FailureKind.BrokenStream or FailureKind.ErrorFinish or FailureKind.ErrorEvent => (Ends.Length + 1) / 2,
        _ => Ends.Length,
    };
}

/// <summary>vLLM's <c>finished_reason</c>; its name in metrics is the lower-case name.</summary>
internal enum FinishReason
{
    Stop,
    Length,
    Abort,
    Error,
    Repetition,
}
