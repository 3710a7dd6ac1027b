using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Metrics;
using LlmOps.Rollouts;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// Reconciles one LlmDeployment: gathers facts, decides, applies. Guarantees: a reconcile that changes nothing writes nothing; an end anywhere in between
/// is made good by the next one; what one LlmDeployment lacks never stops another.
/// </summary>
internal sealed class LlmDeploymentReconciler(
    ClusterView cluster, Gatherer gatherer, DeploymentApplier applier, EventRecorder events, RolloutMetrics metrics, TimeProvider time, ILogger<LlmDeploymentReconciler> logger)
{
    private const string Action = "Rollout";

    /// <summary>A refusal lasts until somebody acts; what they do to the object itself is seen at once, the rest this often.</summary>
    private static readonly TimeSpan ApplyRetry = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ObjectKey, Problem> applyProblems = new();

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.LlmDeployments.Store.Get(key) is not { } deployment || deployment.IsDeleting())
        {
            // What it owns goes with it, by owner references.
            applyProblems.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var gathered = await gatherer.GatherAsync(deployment, ct);
        var now = Now();
        var decision = RolloutEngine.Decide(gathered.Spec.Plan, gathered.State, gathered.Observation, now);
        var status = StatusBuilder.Build(gathered, decision, applyProblems.GetValueOrDefault(key), now);
        try
        {
            if (await applier.ApplyStatusAsync(gathered, decision, status, ct))
                Tell(gathered, decision, status);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            // Deleted meanwhile; the watch will say so.
            return ReconcileResult.Done;
        }

        return new ReconcileResult(Earlier(await ApplyObjectsAsync(key, gathered, decision, ct), decision.RequeueAfter));
    }

    /// <summary>When to come back because of what could not be written; null where everything could.</summary>
    private async Task<TimeSpan?> ApplyObjectsAsync(ObjectKey key, Gathered gathered, Decision decision, CancellationToken ct)
    {
        try
        {
            var gate = decision.Gate is { } request ? cluster.EvalGates.Store.Get(new ObjectKey(key.Namespace, request.Gate)) : null;
            await applier.ApplyObjectsAsync(gathered, decision, DesiredObjects.Of(gathered, decision, gate), ct);
            // The condition about it goes with the next reconcile.
            return applyProblems.TryRemove(key, out _) ? TimeSpan.Zero : null;
        }
        catch (Exception e) when (e is ApplyRefusedException or KubernetesException { IsInvalid: true } or KubernetesException { IsForbidden: true })
        {
            var problem = new Problem(Reasons.ApplyRefused, $"an object cannot be written: {e.Message}");
            if (applyProblems.GetValueOrDefault(key) == problem)
                return ApplyRetry;
            Log.ApplyRefused(logger, e.Message);
            applyProblems[key] = problem;
            return TimeSpan.Zero;
        }
    }

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    /// <summary>Events, metrics and the one log line of a decision.</summary>
    private void Tell(Gathered gathered, Decision decision, LlmDeploymentStatus status)
    {
        var reference = gathered.Deployment.Reference();
        foreach (var happening in decision.Happenings)
            events.Publish(reference, happening.Type.ToString(), happening.Reason, Action, happening.Message);
        var stalled = status.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled);
        var before = gathered.Deployment.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Stalled);
        if (stalled.Status == "True" && (before?.Status != "True" || before.Reason != stalled.Reason))
            events.Publish(reference, HappeningType.Warning.ToString(), stalled.Reason, Action, stalled.Message);

        metrics.Decided(decision);
        if (decision.Happenings.Count > 0 || decision.Transition is not null)
        {
            Log.Decided(
                logger, LlmDeployment.ResourceKind.Kind, gathered.Deployment.Key(), decision.Next.Current?.Id, decision.Next.Current?.ReleaseHash,
                decision.Next.Current?.Phase.ToString(), decision.Next.Current?.StepIndex, decision.Next.Current?.WeightPercent,
                decision.Happenings.Count == 0 ? decision.Transition?.Cause : string.Join("; ", decision.Happenings.Select(happening => $"{happening.Reason}: {happening.Message}")));
        }
    }

    /// <summary>Milliseconds: what a status can hold.</summary>
    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }
}
