using System.Diagnostics.Metrics;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Metrics;

/// <summary>What rollouts do, for dashboards and alerts.</summary>
internal sealed class RolloutMetrics : IDisposable
{
    public const string MeterName = "LlmOps.Operator";

    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> decisions;
    private readonly Counter<long> outcomes;

    /// <param name="cluster">Where the running rollouts are read.</param>
    public RolloutMetrics(ClusterView cluster)
    {
        decisions = meter.CreateCounter<long>("llmops_rollout_decisions_total", description: "Decisions that changed something, by reason.");
        outcomes = meter.CreateCounter<long>("llmops_rollout_outcomes_total", description: "Rollouts that ended, by outcome (Promoted, Reverted, Superseded) and reason.");
        meter.CreateObservableGauge("llmops_rollout_weight_percent", () => Running(cluster, weight: true), description: "Share of requests of a candidate, in per cent; only while one is tried.");
        meter.CreateObservableGauge("llmops_rollout_step", () => Running(cluster, weight: false), description: "Index of the step of a rollout, from 0; only while it runs.");
    }

    public void Decided(Decision decision)
    {
        decisions.Add(1, new KeyValuePair<string, object?>("reason", decision.Reason));
        foreach (var transition in decision.Transitions)
        {
            if (transition.To is RolloutPhase.Promoted or RolloutPhase.Reverted or RolloutPhase.Superseded)
                outcomes.Add(1, new("outcome", transition.To.ToString()), new("reason", transition.Cause));
        }
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<int>> Running(ClusterView cluster, bool weight) =>
        from deployment in cluster.LlmDeployments.List()
        where deployment.Status?.Candidate is not null
        select new Measurement<int>(
            weight ? deployment.Status!.Candidate!.Weight : deployment.Status!.Rollout?.Step ?? 0,
            new("namespace", deployment.Metadata.Namespace),
            new("name", deployment.Metadata.Name));
}
