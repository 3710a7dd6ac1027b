using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>Whether what live traffic is judged by can be read, for the condition MetricsAvailable. Pure.</summary>
internal static class MetricSources
{
    /// <summary>False with the source that fails; unknown while nothing is measured, or a check has nothing to go by.</summary>
    /// <param name="before">The conditions as they were: the text of an outage differs from read to read, and the first one of a source is kept.</param>
    public static (bool? Available, string Reason, string Message) Describe(Observation observation, RolloutState state, IReadOnlyList<Condition>? before)
    {
        if (state is not { CandidateWeightPercent: > 0, Stable: not null, Current: { } rollout })
            return (null, Reasons.NothingMeasured, "no candidate has traffic, so nothing is measured");
        if (observation.Evidence.ProviderError is { } error)
            return Unavailable("gateways", error, before);
        if (rollout.Checks.FirstOrDefault(check => check.Verdict == Verdict.ProviderError) is { } failing)
            return Unavailable($"check {failing.Name}", failing.Message, before);
        return rollout.Checks.FirstOrDefault(check => check.Verdict == Verdict.NoData) is { } silent
            ? (null, Reasons.NoMetricData, $"check {silent.Name}: {silent.Message}")
            : (true, Reasons.MetricsRead, "what live traffic is judged by can be read");
    }

    private static (bool? Available, string Reason, string Message) Unavailable(string source, string error, IReadOnlyList<Condition>? before)
    {
        var known = before?.FirstOrDefault(condition => condition is { Type: ConditionTypes.MetricsAvailable, Status: "False" })?.Message;
        return (false, Reasons.MetricsUnavailable, known?.StartsWith($"{source}: ", StringComparison.Ordinal) == true ? known : $"{source}: {error}");
    }
}
