using System.Diagnostics.Metrics;
using LlmOps.Api;
using LlmOps.Operator.Applying;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Metrics;

/// <summary>What rollouts do, for dashboards and alerts; docs/metrics.md tells of each.</summary>
/// <remarks>
/// Labels are words of the code and names of objects alone. Series of an LlmDeployment are read from the cache at each scrape, so they end with it.
/// </remarks>
internal sealed class RolloutMetrics : IDisposable
{
    public const string MeterName = "LlmOps.Operator";

    private static readonly RolloutPhase[] RunningPhases = [.. Enum.GetValues<RolloutPhase>().Where(phase => !Audit.IsOver(phase))];
    private static readonly InstrumentAdvice<double> DetectBuckets = new() { HistogramBucketBoundaries = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600] };
    private static readonly InstrumentAdvice<double> RevertBuckets = new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 1200] };

    private readonly Meter meter;
    private readonly Func<IReadOnlyList<LlmDeployment>> deployments;
    private readonly TimeProvider time;
    private readonly Counter<long> decisions;
    private readonly Counter<long> outcomes;
    private readonly Counter<long> verdicts;
    private readonly Histogram<double> timeToDetect;
    private readonly Histogram<double> timeToRevert;

    /// <param name="deployments">Reads the LlmDeployments that there are.</param>
    /// <param name="time">Clock of the waits.</param>
    /// <param name="meterName">Name of the meter; tests have their own, since meters of one name are heard together.</param>
    public RolloutMetrics(Func<IReadOnlyList<LlmDeployment>> deployments, TimeProvider time, string meterName = MeterName)
    {
        (this.deployments, this.time, meter) = (deployments, time, new Meter(meterName));
        decisions = meter.CreateCounter<long>("llmops_rollout_decisions_total", description: "Decisions that changed something, by reason.");
        outcomes = meter.CreateCounter<long>("llmops_rollout_outcomes_total", description: "Rollouts that ended, by outcome (Promoted, Reverted, Superseded) and reason.");
        verdicts = meter.CreateCounter<long>("llmops_rollout_verdicts_total", description: "Verdicts, by kind (gate, live, limit, check, traffic) and verdict.");
        timeToDetect = meter.CreateHistogram("llmops_rollout_time_to_detect_seconds", null, "From the first bad event of a candidate to the decision to revert it.", null, DetectBuckets);
        timeToRevert = meter.CreateHistogram("llmops_rollout_time_to_revert_seconds", null, "From the decision to revert a candidate with traffic to weight 0 in the status that gateways follow.", null, RevertBuckets);
        meter.CreateObservableGauge("llmops_rollout_weight_percent", () => Running((deployment, _) => deployment.Status!.Candidate!.Weight), description: "Share of requests of a candidate, in per cent; only while one is tried.");
        meter.CreateObservableGauge("llmops_rollout_step", () => Running((_, rollout) => rollout.Step ?? 0), description: "Index of the step of a rollout, from 0; only while it runs.");
        meter.CreateObservableGauge("llmops_rollout_candidate_requests", () => Running((_, rollout) => Requests(rollout)), description: "Requests of users that a candidate was exposed to so far; only while it is tried.");
        meter.CreateObservableGauge("llmops_rollout_waiting_seconds", () => Since(rollout => rollout.ReasonSince), description: "How long a rollout has had its present reason; only while it runs.");
        meter.CreateObservableGauge("llmops_rollout_overdue_seconds", () => Since(rollout => rollout.Deadline), description: "How long ago the deadline of what a rollout waits for passed, 0 before; only while it runs and has one.");
        meter.CreateObservableGauge("llmops_rollout_running", Phases, description: "Rollouts that run, by phase.");
    }

    /// <param name="before">State before the decision.</param>
    /// <param name="decision">The decision, whose status is written.</param>
    /// <param name="sinceDecision">How long that took.</param>
    public void Decided(RolloutState before, Decision decision, TimeSpan sinceDecision)
    {
        decisions.Add(1, new KeyValuePair<string, object?>("reason", decision.Reason));
        foreach (var transition in decision.Transitions.Where(transition => Audit.IsOver(transition.To)))
            outcomes.Add(1, new("outcome", transition.To.ToString()), new("reason", transition.Cause));
        foreach (var verdict in Audit.NewVerdicts(before, decision.Next))
            verdicts.Add(1, new("kind", Audit.KindOf(verdict)), new("verdict", verdict.Verdict.ToString()));
        foreach (var finished in Audit.NewlyFinished(before, decision.Next))
        {
            if (finished.TimeToDetect is { } detect)
                timeToDetect.Record(detect.TotalSeconds);
            if (finished.TimeToRevert is { } revert)
                timeToRevert.Record((revert + sinceDecision).TotalSeconds);
        }
    }

    public void Dispose() => meter.Dispose();

    private static long Requests(RolloutStatus rollout) => (rollout.Evidence ?? []).Where(row => row.Mirrored != true).Sum(row => row.Candidate.Requests);

    private IEnumerable<Measurement<long>> Running(Func<LlmDeployment, RolloutStatus, long> value) =>
        from deployment in Tried()
        select new Measurement<long>(value(deployment, deployment.Status!.Rollout!), new("namespace", deployment.Metadata.Namespace), new("name", deployment.Metadata.Name));

    /// <summary>Seconds since a time of each rollout, 0 before it; of those that have one.</summary>
    private IEnumerable<Measurement<double>> Since(Func<RolloutStatus, DateTimeOffset?> timeOf) =>
        from deployment in Tried()
        let rollout = deployment.Status!.Rollout!
        let start = timeOf(rollout)
        where start is not null
        select new Measurement<double>(
            Math.Max(0, (time.GetUtcNow() - start.Value).TotalSeconds),
            new("namespace", deployment.Metadata.Namespace),
            new("name", deployment.Metadata.Name),
            new("reason", rollout.Reason));

    private IEnumerable<Measurement<int>> Phases()
    {
        var counts = Tried().CountBy(deployment => deployment.Status!.Rollout!.Phase).ToDictionary(StringComparer.Ordinal);
        return RunningPhases.Select(phase => new Measurement<int>(counts.GetValueOrDefault(phase.ToString()), new KeyValuePair<string, object?>("phase", phase.ToString())));
    }

    private IEnumerable<LlmDeployment> Tried() => deployments().Where(deployment => deployment.Status is { Candidate: not null, Rollout: not null });
}
