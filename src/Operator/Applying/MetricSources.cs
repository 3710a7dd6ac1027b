using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>Whether what live traffic is judged by can be read, for the condition MetricsAvailable. Pure.</summary>
internal static class MetricSources
{
    /// <summary>False with the source that fails; unknown while nothing is measured, or a check has nothing to go by.</summary>
    public static (bool? Available, string Reason, string Message) Describe(Gathered gathered, RolloutState state)
    {
        var before = gathered.Deployment.Status?.Conditions;
        if (gathered.CheckProblems.Count > 0)
            return (false, Reasons.CheckInvalid, string.Join("; ", gathered.CheckProblems));
        if (gathered.Route is { } route && Unmeasured(route.Asked.Reference, gathered.Deployment.Spec, state) is { } unmeasured)
            return (false, Reasons.NotMeasured, unmeasured);
        if (state is not { CandidateWeightPercent: > 0, Stable: not null, Current: { } rollout })
            return (null, Reasons.NothingMeasured, "no candidate has traffic, so nothing is measured");
        if (gathered.Observation.Evidence.ProviderError is { } error)
            return Unavailable("gateways", error, before);
        if (rollout.Checks.FirstOrDefault(check => check.Verdict == Verdict.ProviderError) is { } failing)
            return Unavailable($"check {failing.Name}", failing.Message, before);
        if (rollout.Checks.FirstOrDefault(check => check.Verdict == Verdict.NoData) is { } silent)
            return (null, Reasons.NoMetricData, $"check {silent.Name}: {silent.Message}");
        return gathered.Spec.Plan.Checks.FirstOrDefault(check => rollout.Checks.All(sampled => sampled.Name != check.Name)) is { } waiting
            ? (null, Reasons.NoMetricData, $"check {waiting.Name} waits for its first sample")
            : (true, Reasons.MetricsRead, "what live traffic is judged by can be read");
    }

    /// <summary>What the spec asks to be tested of requests that tell nothing of it, because they come by a route; null where it asks for nothing such, or requests pass the gateways too.</summary>
    private static string? Unmeasured(RouteReference route, LlmDeploymentSpec spec, RolloutState state)
    {
        if (state.Current?.Evidence.Any(row => !row.IsOfEngine && row.Stable.Requests + row.Candidate.Requests > 0) == true)
            return null;
        var (tolerance, limits) = (spec.Rollout?.Analysis?.Tolerance, spec.Rollout?.Analysis?.Limits ?? []);
        var asked = limits.Where(limit => limit.Metric != LimitMetrics.Errors).Select(limit => $"limit {limit.Metric} p{limit.Quantile}").Concat(
            from signal in new (string Name, double? Ratio)[]
            {
                ("ttft", tolerance?.Ttft), ("timePerOutputToken", tolerance?.TimePerOutputToken), ("outputTokens", tolerance?.OutputTokens),
                ("cost", tolerance?.Cost), ("blocked", tolerance?.Blocked), ("feedback", tolerance?.Feedback),
            }
            where signal.Ratio is not null
            select $"tolerance {signal.Name}").ToList();
        return asked.Count == 0 ? null
            : $"requests of {route} tell only errors, so nothing is held against {string.Join(", ", asked)}: make a check of each (rollout.analysis.checks) and leave these out; a rollout does not get past a limit without numbers";
    }

    // The text of an outage differs from read to read: the first one of a source is kept.
    private static (bool? Available, string Reason, string Message) Unavailable(string source, string error, IReadOnlyList<Condition>? before)
    {
        var known = before?.FirstOrDefault(condition => condition is { Type: ConditionTypes.MetricsAvailable, Status: "False" })?.Message;
        return (false, Reasons.MetricsUnavailable, known?.StartsWith($"{source}: ", StringComparison.Ordinal) == true ? known : $"{source}: {error}");
    }
}
