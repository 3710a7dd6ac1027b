namespace LlmOps.Gateway.Evidence;

/// <summary>Latencies that an absolute limit can be set on.</summary>
internal enum LimitedLatency
{
    /// <summary>Time to the first token.</summary>
    Ttft,

    /// <summary>Mean time per output token after the first.</summary>
    TimePerOutputToken,
}

/// <summary>An absolute limit of <c>spec.rollout.analysis.limits</c> that requests are counted against one by one.</summary>
/// <param name="Latency">What is limited.</param>
/// <param name="MaxSeconds">Above it a request is over.</param>
/// <param name="Key">Its name in the evidence: metric and limit in seconds, such as <c>ttft:2</c>.</param>
internal sealed record LatencyLimit(LimitedLatency Latency, double MaxSeconds, string Key)
{
    /// <summary>Limits of one rollout that are counted, those that were changed meanwhile included.</summary>
    public const int Most = 16;
}
