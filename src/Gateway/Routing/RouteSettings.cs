using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Split;

namespace LlmOps.Gateway.Routing;

/// <summary>What the gateway reads of a spec. None of it belongs to a release: a change holds at once and rolls nothing.</summary>
internal static class RouteSettings
{
    public static Stickiness Stickiness(LlmDeploymentSpec spec) => spec.Traffic?.Stickiness switch
    {
        "user" => Split.Stickiness.User,
        "request" => Split.Stickiness.Request,
        _ => Split.Stickiness.Session,
    };

    public static int WarmUpRequests(LlmDeploymentSpec spec) => spec.Rollout?.Analysis?.WarmUpRequests ?? Defaults.WarmUpRequests;

    public static Pricing? Pricing(LlmDeploymentSpec spec) => spec.Pricing is { } prices && (prices.InputPerMillion > 0 || prices.OutputPerMillion > 0)
        ? new(prices.InputPerMillion, prices.OutputPerMillion, prices.Currency ?? Defaults.Currency)
        : null;

    /// <summary>
    /// The limits that requests are counted against one by one, each once: two quantiles of one latency may have the same maximum. That of errors is read off the errors.
    /// </summary>
    public static IReadOnlyList<LatencyLimit> Limits(LlmDeploymentSpec spec) =>
    [
        .. (from limit in spec.Rollout?.Analysis?.Limits ?? []
           let seconds = limit.MaxSeconds()
           let key = limit.Key()
           where seconds is not null && key is not null
           select new LatencyLimit(limit.Metric == LimitMetrics.Ttft ? LimitedLatency.Ttft : LimitedLatency.TimePerOutputToken, seconds.Value, key)).Distinct(),
    ];

    public static MirrorRule? Mirror(ReleaseStatus? candidate) =>
        candidate?.Mirror is { } mirror ? new(Math.Clamp(mirror.Percent, 1, 100), Math.Max(1, mirror.MaxConcurrent)) : null;
}
