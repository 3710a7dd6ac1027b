using LlmOps.Api;
using LlmOps.Rollouts;

namespace LlmOps.Evidence;

/// <summary>What live tests are made by, from <c>spec.rollout.analysis</c> and its defaults. Pure.</summary>
public static class AnalysisReading
{
    public static AnalysisPlan Of(AnalysisSpec spec) => new((spec.FalseRevertProbability ?? Defaults.FalseRevertProbability).Fraction)
    {
        Tolerance = new(
            spec.Tolerance?.Errors ?? Defaults.ToleratedErrors,
            spec.Tolerance?.Ttft ?? Defaults.ToleratedTtft,
            spec.Tolerance?.TimePerOutputToken ?? Defaults.ToleratedTimePerOutputToken,
            spec.Tolerance?.OutputTokens ?? Defaults.ToleratedOutputTokens,
            spec.Tolerance?.Cost ?? Defaults.ToleratedCost,
            spec.Tolerance?.Blocked ?? Defaults.ToleratedBlocked,
            spec.Tolerance?.Feedback ?? Defaults.ToleratedFeedback),
        Promotion = spec.Promotion == PromotionPolicies.Proven ? PromotionPolicy.Proven : PromotionPolicy.BoundedTime,
        Limits = (spec.Limits ?? []).Select(Limit).ToEquatableArray(),
    };

    private static AbsoluteLimit Limit(LimitSpec limit) => new(
        limit.Metric,
        limit.Key(),
        limit.MaxShare(),
        limit.Quantile is { } quantile ? $"limit {limit.Metric} p{quantile} ≤ {limit.Max}" : $"limit {limit.Metric} ≤ {limit.Max}");
}
