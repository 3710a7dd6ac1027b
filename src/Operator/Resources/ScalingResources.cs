using System.Globalization;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Resources;

/// <summary>Autoscaling and disruption of an LlmDeployment as a whole, both tracks together. Pure.</summary>
internal static class ScalingResources
{
    /// <summary>Loading a model again is dear: a scale-down waits for this many seconds of lower load.</summary>
    private const int ScaleDownWindowSeconds = 300;

    private static readonly IReadOnlyList<AutoscalingMetric> DefaultMetrics = [new() { Type = AutoscalingMetrics.RunningRequests, Target = 16 }];

    /// <summary>
    /// The HorizontalPodAutoscaler on the LlmDeployment's scale subresource; null where it does not autoscale. It asks the custom metrics API for the
    /// engine's own metric names as they are: a metrics adapter must serve them per pod under these names (prometheus-adapter: <c>seriesQuery</c> without renaming).
    /// </summary>
    public static HorizontalPodAutoscaler? Autoscaler(LlmDeployment owner, IEngine engine)
    {
        if (owner.Spec.Autoscaling is not { } scaling)
            return null;
        var metrics = (scaling.Metrics ?? DefaultMetrics).Select(metric => Metric(metric, engine.Metrics)).OfType<MetricSpec>().ToArray();
        // Without a metric the server would put in CPU use, which says nothing of an engine's load.
        if (metrics.Length == 0)
            return null;
        return new HorizontalPodAutoscaler
        {
            Metadata = OwnedMetadata.Of(owner, owner.Metadata.Name!),
            Spec = new HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new ScaleTargetReference { ApiVersion = ApiGroup.ApiVersion, Kind = LlmDeployment.ResourceKind.Kind, Name = owner.Metadata.Name! },
                MinReplicas = scaling.Min ?? 1,
                MaxReplicas = scaling.Max,
                Metrics = metrics,
                Behavior = new AutoscalerBehavior { ScaleDown = new ScalingRules { StabilizationWindowSeconds = ScaleDownWindowSeconds } },
            },
        };
    }

    /// <summary>Sentences about metrics that the engine does not have.</summary>
    public static IEnumerable<string> Problems(LlmDeploymentSpec spec, IEngine engine) =>
        from metric in spec.Autoscaling?.Metrics ?? []
        where Metric(metric, engine.Metrics) is null
        select $"autoscaling metric {metric.Type} is not measured by {engine.Type}: use {AutoscalingMetrics.RunningRequests} or {AutoscalingMetrics.QueuedRequests}";

    /// <summary>The PodDisruptionBudget over the pods of both tracks: a node drain takes one at a time.</summary>
    public static PodDisruptionBudget DisruptionBudget(LlmDeployment owner) => new()
    {
        Metadata = OwnedMetadata.Of(owner, owner.Metadata.Name!),
        Spec = new PodDisruptionBudgetSpec
        {
            MaxUnavailable = 1,
            Selector = new LabelSelector { MatchLabels = new Dictionary<string, string> { [Labels.Deployment] = ObjectNames.LabelValue(owner.Metadata.Name!) } },
        },
    };

    /// <summary>Replicas asked for, of both tracks: fixed, or what the HorizontalPodAutoscaler last wrote into the scale subresource, inside its bounds.</summary>
    public static int TotalReplicas(LlmDeploymentSpec spec) =>
        spec.Autoscaling is { } scaling
            ? Math.Clamp(scaling.Replicas ?? 1, Math.Min(scaling.Min ?? 1, scaling.Max), scaling.Max)
            : spec.Replicas ?? Defaults.Replicas;

    private static MetricSpec? Metric(AutoscalingMetric metric, EngineMetrics names)
    {
        var (name, target) = metric.Type switch
        {
            AutoscalingMetrics.RunningRequests => (names.RunningRequests, Number(metric.Target)),
            AutoscalingMetrics.QueuedRequests => (names.QueuedRequests, Number(metric.Target)),
            // Engines measure 0 to 1, the spec says per cent; a quantity in thousandths holds both exactly.
            AutoscalingMetrics.KvCacheUsage => (names.KvCacheUsage, $"{Number(metric.Target * 10)}m"),
            _ => (null, string.Empty),
        };
        return name is null ? null : new MetricSpec
        {
            Type = "Pods",
            Pods = new PodsMetricSource
            {
                Metric = new MetricIdentifier { Name = name },
                Target = new MetricTarget { Type = "AverageValue", AverageValue = target },
            },
        };
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Values of <see cref="AutoscalingMetric.Type"/>.</summary>
internal static class AutoscalingMetrics
{
    public const string RunningRequests = "RunningRequests";
    public const string QueuedRequests = "QueuedRequests";
    public const string KvCacheUsage = "KvCacheUsage";
}
