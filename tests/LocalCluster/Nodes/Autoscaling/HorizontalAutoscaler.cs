using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Autoscaling;

/// <summary>
/// Plays the horizontal autoscaler for Pods metrics with an AverageValue target, over the scale subresource of any kind.
/// A target of 0 replicas switches it off, as in Kubernetes.
/// </summary>
/// <remarks>Not played: Resource, Object and External metrics, selectPolicy (Max is used), initial readiness delays.</remarks>
internal sealed class HorizontalAutoscaler(KubernetesClient client, ClusterView view, NodeSimulatorOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    private readonly PodMetrics metrics = new(options.MetricNames);
    private readonly ScaleTargets targets = new(client);
    private readonly ConcurrentDictionary<ObjectKey, Memory> memories = new();

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (view.Autoscalers.Store.Get(key) is not { Spec: { ScaleTargetRef: { } target } spec } autoscaler || autoscaler.IsDeleting())
        {
            memories.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var status = await StatusAsync(autoscaler, spec, target, ct);
        await client.WriteStatusAsync(autoscaler, autoscaler with { Status = status }, ct);
        return ReconcileResult.After(options.AutoscalerInterval);
    }

    public void Dispose() => metrics.Dispose();

    private async Task<HorizontalPodAutoscalerStatus> StatusAsync(HorizontalPodAutoscaler autoscaler, HorizontalPodAutoscalerSpec spec, ScaleTargetReference target, CancellationToken ct)
    {
        var before = autoscaler.Status ?? new();
        var ns = autoscaler.Metadata.Namespace!;
        if (await targets.GetAsync(ns, target, ct) is not { } scale)
            return before with { Conditions = [At(before, "AbleToScale", false, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {target.Kind} {target.Name} not found")] };

        var current = scale.Spec?.Replicas ?? 0;
        var able = At(before, "AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        if (current == 0)
        {
            return before with
            {
                CurrentReplicas = 0,
                DesiredReplicas = 0,
                Conditions = [able, At(before, "ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")],
            };
        }

        var (recommended, measured, problem) = await RecommendAsync(ns, spec, scale, current, ct);
        if (recommended is not { } wanted)
            return before with { CurrentReplicas = current, DesiredReplicas = current, Conditions = [able, At(before, "ScalingActive", false, "FailedGetPodsMetric", problem!)] };

        var memory = memories.GetOrAdd(autoscaler.Key(), _ => new());
        var now = time.GetUtcNow();
        memory.Forget(now - Remembered);
        memory.Recommendations.Add(new(now, wanted));
        var replicas = AutoscalerArithmetic.Limit(spec, current, wanted, memory.Recommendations, memory.Events, now);
        var scaled = replicas != current && await targets.SetAsync(ns, target, replicas, ct);
        if (scaled)
            memory.Events.Add(new(now, replicas - current));
        return new()
        {
            CurrentReplicas = current,
            DesiredReplicas = replicas,
            LastScaleTime = scaled ? now : before.LastScaleTime,
            CurrentMetrics = measured,
            Conditions =
            [
                able,
                At(before, "ScalingActive", true, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from pods metric"),
                wanted == replicas
                    ? At(before, "ScalingLimited", false, "DesiredWithinRange", "the desired count is within the acceptable range")
                    : At(before, "ScalingLimited", true, wanted > replicas ? "TooManyReplicas" : "TooFewReplicas", "the desired replica count is limited by the bounds, windows or policies"),
            ],
        };
    }

    /// <summary>The highest of what the metrics ask for; nothing, with the reason, where none can be read.</summary>
    private async Task<(int? Replicas, JsonElement? Measured, string? Problem)> RecommendAsync(string ns, HorizontalPodAutoscalerSpec spec, Scale scale, int current, CancellationToken ct)
    {
        var pods = (await client.ListAsync<Pod>(ns, new() { LabelSelector = scale.Status?.Selector }, ct)).Items.Where(Pods.IsActive).ToList();
        int? highest = null;
        string? problem = "no Pods metric with an AverageValue is given";
        var measured = new JsonArray();
        foreach (var source in (spec.Metrics ?? []).Select(metric => metric.Pods).OfType<PodsMetricSource>().Where(source => source.Target.AverageValue is not null))
        {
            var values = await Task.WhenAll(pods.Where(Pods.IsReady).Select(pod => metrics.ReadAsync(pod, source.Metric.Name, ct)));
            var known = values.OfType<double>().ToList();
            if (known.Count == 0)
            {
                problem = $"unable to get metric {source.Metric.Name}: no metrics returned from custom metrics API";
                continue;
            }

            var desired = AutoscalerArithmetic.Desired(current, known, values.Length - known.Count, (double)Quantity.Parse(source.Target.AverageValue!));
            highest = Math.Max(highest ?? 0, desired);
            measured.Add(new JsonObject
            {
                ["type"] = "Pods",
                ["pods"] = new JsonObject
                {
                    ["metric"] = new JsonObject { ["name"] = source.Metric.Name },
                    ["current"] = new JsonObject { ["averageValue"] = Quantity.Format(known.Average()) },
                },
            });
        }

        return (highest, highest is null ? null : JsonSerializer.SerializeToElement(measured), problem);
    }

    private Condition At(HorizontalPodAutoscalerStatus before, string type, bool holds, string reason, string message)
    {
        var status = holds ? "True" : "False";
        var last = before.Conditions?.FirstOrDefault(condition => condition.Type == type);
        return new() { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = last?.Status == status ? last.LastTransitionTime : time.GetUtcNow() };
    }

    /// <summary>What one autoscaler did lately. Only its own reconciliation, of which there is one at a time, touches it.</summary>
    private sealed class Memory
    {
        public List<Recommendation> Recommendations { get; } = [];

        public List<ScaleEvent> Events { get; } = [];

        public void Forget(DateTimeOffset before)
        {
            Recommendations.RemoveAll(item => item.At < before);
            Events.RemoveAll(item => item.At < before);
        }
    }
}
