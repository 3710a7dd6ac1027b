using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Autoscaling;

/// <summary>One recommendation that the autoscaler made.</summary>
internal readonly record struct Recommendation(DateTimeOffset At, int Replicas);

/// <summary>One change of replicas that the autoscaler made.</summary>
internal readonly record struct ScaleEvent(DateTimeOffset At, int Change);

/// <summary>The horizontal autoscaler's arithmetic: kube-controller-manager's <c>replica_calculator.go</c> and <c>horizontal.go</c>.</summary>
internal static class AutoscalerArithmetic
{
    /// <summary>A ratio closer to 1 than this changes nothing.</summary>
    private const double Tolerance = 0.1;

    // The defaults of autoscaling/v2.
    private static readonly ScalingRules DefaultUp = new()
    {
        StabilizationWindowSeconds = 0,
        Policies = [new() { Type = "Pods", Value = 4, PeriodSeconds = 15 }, new() { Type = "Percent", Value = 100, PeriodSeconds = 15 }],
    };

    private static readonly ScalingRules DefaultDown = new()
    {
        StabilizationWindowSeconds = 300,
        Policies = [new() { Type = "Percent", Value = 100, PeriodSeconds = 15 }],
    };

    /// <summary>
    /// Replicas that bring the average to the target. Pods without a value count as 0 when that would scale up and as the
    /// target when it would scale down, so missing data never moves anything by itself.
    /// </summary>
    /// <param name="current">Replicas now.</param>
    /// <param name="values">The metric of the pods that have one; at least one.</param>
    /// <param name="missing">Pods that should have one and have none.</param>
    /// <param name="target">Wanted average.</param>
    public static int Desired(int current, IReadOnlyList<double> values, int missing, double target)
    {
        var ratio = values.Average() / target;
        if (missing == 0)
            return Math.Abs(ratio - 1) <= Tolerance ? current : (int)Math.Ceiling(ratio * values.Count);
        if (Math.Abs(ratio - 1) <= Tolerance)
            return current;
        var filled = (values.Sum() + (ratio < 1 ? missing * target : 0)) / (values.Count + missing) / target;
        if (Math.Abs(filled - 1) <= Tolerance || (ratio < 1) != (filled < 1))
            return current;
        var replicas = (int)Math.Ceiling(filled * (values.Count + missing));
        return (filled < 1 && replicas > current) || (filled > 1 && replicas < current) ? current : replicas;
    }

    /// <summary>
    /// The recommendation held back by the stabilization windows (the lowest of the up window, the highest of the down
    /// window), by the policies, and by minimum and maximum.
    /// </summary>
    public static int Limit(
        HorizontalPodAutoscalerSpec spec, int current, int recommended, IReadOnlyList<Recommendation> history, IReadOnlyList<ScaleEvent> events, DateTimeOffset now)
    {
        var up = spec.Behavior?.ScaleUp ?? DefaultUp;
        var down = spec.Behavior?.ScaleDown ?? DefaultDown;
        var lowest = Math.Min(recommended, Within(history, up.StabilizationWindowSeconds ?? 0, now).DefaultIfEmpty(recommended).Min());
        var highest = Math.Max(recommended, Within(history, down.StabilizationWindowSeconds ?? 300, now).DefaultIfEmpty(recommended).Max());
        var stable = Math.Min(Math.Max(current, lowest), highest);

        var (minimum, maximum) = (Math.Max(1, spec.MinReplicas ?? 1), spec.MaxReplicas);
        if (stable > current)
            return Math.Min(Math.Min(stable, maximum), Math.Max(current, Allowed(up.Policies ?? DefaultUp.Policies!, current, +1, events, now)));
        if (stable < current)
            return Math.Max(Math.Max(stable, minimum), Math.Min(current, Allowed(down.Policies ?? DefaultDown.Policies!, current, -1, events, now)));
        return Math.Clamp(stable, minimum, Math.Max(minimum, maximum));
    }

    /// <summary>The farthest that any policy lets the replicas go, counted from where they were at the start of its period.</summary>
    private static int Allowed(IReadOnlyList<ScalingPolicy> policies, int current, int direction, IReadOnlyList<ScaleEvent> events, DateTimeOffset now)
    {
        var limits = policies.Select(policy =>
        {
            var since = now - TimeSpan.FromSeconds(policy.PeriodSeconds);
            var start = current - events.Where(change => change.At > since && Math.Sign(change.Change) == direction).Sum(change => change.Change);
            var step = policy.Type == "Pods" ? policy.Value : start * policy.Value / 100.0;
            return direction > 0 ? (int)Math.Ceiling(start + step) : (int)Math.Floor(start - step);
        });
        return direction > 0 ? limits.Max() : limits.Min();
    }

    private static IEnumerable<int> Within(IReadOnlyList<Recommendation> history, int seconds, DateTimeOffset now) =>
        history.Where(item => item.At >= now - TimeSpan.FromSeconds(seconds)).Select(item => item.Replicas);
}
