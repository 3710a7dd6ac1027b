namespace LlmOps.Gateway.Evidence;

/// <summary>
/// Quantiles of stable that requests are held against. Each is null while stable is not known well enough, and never
/// changes once it is there. Immutable: a request keeps those of its assignment, so it is never held against a threshold
/// that was taken after it.
/// </summary>
internal sealed record Thresholds
{
    /// <summary>Answers of stable that must be known before thresholds are taken.</summary>
    public const int KnownAnswers = 50;

    public static Thresholds Unknown { get; } = new();

    /// <summary>Quantiles of the latencies.</summary>
    public static ReadOnlySpan<double> LatencyQuantiles => [0.5, 0.75, 0.9, 0.95, 0.99];

    /// <summary>Quantiles of output tokens and cost.</summary>
    public static ReadOnlySpan<double> AmountQuantiles => [0.5, 0.9, 0.99];

    /// <summary>Seconds to the first token, at <see cref="LatencyQuantiles"/>.</summary>
    public double[]? Ttft { get; init; }

    /// <summary>Seconds per output token after the first, at <see cref="LatencyQuantiles"/>.</summary>
    public double[]? TimePerOutputToken { get; init; }

    /// <summary>Thousands of output tokens, at <see cref="AmountQuantiles"/>.</summary>
    public double[]? OutputTokens { get; init; }

    /// <summary>Cost in thousands of the dearer token, at <see cref="AmountQuantiles"/>.</summary>
    public double[]? Cost { get; init; }

    /// <summary>These with what has become known meanwhile; the same object where nothing has.</summary>
    public Thresholds CompletedFrom(RecentAnswers stable)
    {
        var next = this;
        if (Ttft is null && stable.FirstToken.Count >= KnownAnswers)
            next = next with { Ttft = stable.FirstToken.Quantiles(LatencyQuantiles) };
        if (TimePerOutputToken is null && stable.TimePerOutputToken.Count >= KnownAnswers)
            next = next with { TimePerOutputToken = stable.TimePerOutputToken.Quantiles(LatencyQuantiles) };
        if (OutputTokens is null && stable.OutputTokens.Count >= KnownAnswers)
            next = next with { OutputTokens = stable.OutputTokens.Quantiles(AmountQuantiles) };
        if (Cost is null && stable.Cost.Count >= KnownAnswers)
            next = next with { Cost = stable.Cost.Quantiles(AmountQuantiles) };
        return next;
    }
}
