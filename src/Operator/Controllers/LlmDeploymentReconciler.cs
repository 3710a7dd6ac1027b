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
/// is made good by the next one; what one LlmDeployment lacks never stops another; a candidate that turns out bad loses its traffic although an object cannot be written.
/// </summary>
internal sealed class LlmDeploymentReconciler(
    ClusterView cluster, Gatherer gatherer, DeploymentApplier applier, RecordWriter records, EventRecorder events, RolloutMetrics metrics, LastDecisions decisions, HoldClock holds, TimeProvider time,
    ILogger<LlmDeploymentReconciler> logger)
{
    private const string Action = "Rollout";

    /// <summary>A refusal lasts until somebody acts; what they do to the object itself is seen at once, the rest this often.</summary>
    private static readonly TimeSpan ApplyRetry = TimeSpan.FromSeconds(10);

    /// <summary>However often an object or the status could not be written: a candidate that has requests is looked at again.</summary>
    private static readonly TimeSpan LongestWaitForEvidence = TimeSpan.FromSeconds(1);

    /// <summary>Bounds of what a server that sheds load may ask for.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ObjectKey, Problem> applyProblems = new();

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        await applier.SettleAsync(key, ct);
        if (cluster.LlmDeployments.Store.Get(key) is not { } deployment)
        {
            // What it owned goes with it, by owner references.
            Forget(key);
            return ReconcileResult.Done;
        }

        var (gathered, decision, decidedAt) = await DecideAsync(deployment, ct);
        try
        {
            return await ActAsync(key, gathered, decision, decidedAt, ct);
        }
        catch (KubernetesException e) when (gathered.State.CandidateWeightPercent > 0 || decision.Next.CandidateWeightPercent > 0)
        {
            return new ReconcileResult(LongestWaitForEvidence) { Failure = e };
        }
    }

    /// <summary>Drops what is kept of an LlmDeployment that is gone.</summary>
    public void Forget(ObjectKey key)
    {
        applyProblems.TryRemove(key, out _);
        cluster.LlmDeployments.Store.Trust(key);
        gatherer.Forget(key);
        applier.Forget(key);
        holds.Forget(key);
        decisions.Forget(key);
    }

    /// <summary>Writes what was decided: the status, and the objects behind it.</summary>
    private async Task<ReconcileResult> ActAsync(ObjectKey key, Gathered gathered, Decision decision, long decidedAt, CancellationToken ct)
    {
        try
        {
            if (gathered.Deployment.IsDeleting())
                return await FollowDeletionAsync(gathered, decision, decidedAt, ct);
            if (PromisesRoom(gathered.State, decision.Next))
                (gathered, decision) = await PromiseAsync(gathered, ct);
            else
                await ApplyStatusAsync(gathered, decision, decidedAt, ct);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: the watch says so, and where it does not, another look.
            return ReconcileResult.After(LongestWaitForEvidence);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return await RefuseSnapshotAsync(key, gathered, decision, e, ct);
        }

        var again = await ApplyWatchedAsync(key, gathered, decision, ct);
        return new ReconcileResult(Earlier(again, decision.RequeueAfter));
    }

    /// <summary>
    /// Somebody's finalizer, or a deletion that takes what is owned first, keeps an object long after it was deleted. Nothing is made and nothing goes forward any
    /// more, but what it routes it still routes: a candidate that turns out bad loses its traffic as ever.
    /// </summary>
    private async Task<ReconcileResult> FollowDeletionAsync(Gathered gathered, Decision decision, long decidedAt, CancellationToken ct)
    {
        await LowerWeightAsync(gathered, decision, decidedAt, ct);
        return gathered.State.CandidateIsAsked ? new ReconcileResult(decision.RequeueAfter) : ReconcileResult.Done;
    }

    /// <summary>
    /// Writes the objects, and goes on looking at a candidate that has requests meanwhile: a write that hangs must not keep a bad one its traffic. Once it lost some,
    /// what was being written is given up, because something else is wanted now.
    /// </summary>
    private async Task<TimeSpan?> ApplyWatchedAsync(ObjectKey key, Gathered gathered, Decision decision, CancellationToken ct)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var writing = ApplyWhenAskedAsync(key, gathered, decision, giveUp.Token);
        try
        {
            for (var look = WatchEvery(decision); look is { } wait && !await writing.EndsWithinAsync(wait, time);)
            {
                if (cluster.LlmDeployments.Store.Get(key) is not { } deployment)
                    break;
                var (seen, next, decidedAt) = await DecideAsync(deployment, ct);
                if (next.Next.Stable?.Hash == seen.State.Stable?.Hash && await LowerWeightAsync(seen, next, decidedAt, ct))
                    return TimeSpan.Zero;
                look = WatchEvery(next);
            }

            return await writing;
        }
        finally
        {
            if (!writing.IsCompleted)
                await giveUp.CancelAsync();
            await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>As <see cref="ApplyAsync"/>. Where the server says when to come back that is waited for in here, while the evidence of a candidate with requests is looked at.</summary>
    private async Task<TimeSpan?> ApplyWhenAskedAsync(ObjectKey key, Gathered gathered, Decision decision, CancellationToken ct)
    {
        try
        {
            return await ApplyAsync(key, gathered, decision, ct);
        }
        catch (KubernetesException e) when (e.RetryAfter is { } wait && decision.Next.CandidateWeightPercent > 0)
        {
            await Task.Delay(wait < ShortestPause ? ShortestPause : wait < LongestPause ? wait : LongestPause, time, ct);
            return TimeSpan.Zero;
        }
    }

    /// <summary>How often the evidence is looked at; null for a candidate without requests.</summary>
    private static TimeSpan? WatchEvery(Decision decision) => decision.Next.CandidateWeightPercent > 0 ? decision.RequeueAfter : null;

    /// <summary>Takes traffic from the candidate where it was decided so: gateways and route first. Whether it was.</summary>
    private async Task<bool> LowerWeightAsync(Gathered gathered, Decision decision, long decidedAt, CancellationToken ct)
    {
        if (decision.Next.CandidateWeightPercent >= gathered.State.CandidateWeightPercent)
            return false;
        await ApplyStatusAsync(gathered, decision, decidedAt, ct);
        await applier.LowerWeightAsync(gathered, decision, ct);
        return true;
    }

    private async Task<(Gathered Gathered, Decision Decision, long At)> DecideAsync(LlmDeployment deployment, CancellationToken ct)
    {
        var gathered = await gatherer.GatherAsync(deployment, ct);
        var at = time.GetTimestamp();
        var now = Now();
        gathered = gathered with { State = holds.Correct(deployment.Key(), gathered.State, now) };
        var decision = RolloutEngine.Decide(gathered.Spec.Plan, gathered.State, gathered.Observation, now);
        decisions.Keep(gathered, decision, now);
        return (gathered, decision, at);
    }

    /// <param name="decidedAt">Monotonic time at which the facts were there.</param>
    private Task ApplyStatusAsync(Gathered gathered, Decision decision, long decidedAt, CancellationToken ct) => ApplyStatusAsync(gathered, decision, StatusOf(gathered, decision), decidedAt, ct);

    private async Task ApplyStatusAsync(Gathered gathered, Decision decision, LlmDeploymentStatus status, long decidedAt, CancellationToken ct)
    {
        if (await applier.ApplyStatusAsync(gathered, decision, status, ct))
            Tell(gathered, decision, status, time.GetElapsedTime(decidedAt));
    }

    private LlmDeploymentStatus StatusOf(Gathered gathered, Decision decision) =>
        StatusBuilder.Build(gathered, decision, applyProblems.GetValueOrDefault(gathered.Deployment.Key()), Now());

    /// <summary>
    /// Decides again with nobody else looking for room meanwhile, on what all others were promised before. The promise counts from then on; writing it, which
    /// takes a hundred times as long, holds nobody up.
    /// </summary>
    private async Task<(Gathered Gathered, Decision Decision)> PromiseAsync(Gathered gathered, CancellationToken ct)
    {
        Decision decision;
        LlmDeploymentStatus status;
        var decidedAt = time.GetTimestamp();
        lock (gatherer.Promises)
        {
            gathered = gatherer.LookAgainForRoom(gathered);
            var now = Now();
            decision = RolloutEngine.Decide(gathered.Spec.Plan, gathered.State, gathered.Observation, now);
            decisions.Keep(gathered, decision, now);
            status = StatusOf(gathered, decision);
            gatherer.Promise(gathered, status);
        }

        try
        {
            await ApplyStatusAsync(gathered, decision, status, decidedAt, ct);
            return (gathered, decision);
        }
        finally
        {
            gatherer.Settle(gathered.Deployment.Key());
        }
    }

    /// <summary>
    /// The snapshot of the release cannot be written, so nothing of it may start: all stays as it is, and a condition says why. What takes requests from a candidate is
    /// in the status before.
    /// </summary>
    private async Task<ReconcileResult> RefuseSnapshotAsync(ObjectKey key, Gathered gathered, Decision decision, Exception refusal, CancellationToken ct)
    {
        if (decision.Next.CandidateWeightPercent < gathered.State.CandidateWeightPercent)
        {
            await applier.LowerWeightAsync(gathered, decision, ct);
            return new ReconcileResult(LongestWaitForEvidence) { Failure = refusal };
        }

        var problem = ProblemOf(refusal);
        Remember(key, problem);
        var status = StatusBuilder.Build(gathered, decision with { Next = gathered.State }, problem, Now());
        await applier.WriteStatusAsync(gathered.Deployment, status, ct);
        return ReconcileResult.After(ApplyRetry);
    }

    private static bool PromisesRoom(RolloutState before, RolloutState after) =>
        after is { Candidate: not null, Current: { Capacity: { Fits: true } choice } rollout } &&
        (before.Current?.Id != rollout.Id || before.Current.Capacity is not { Fits: true } known || (known.Plan, known.SurgeReplicas) != (choice.Plan, choice.SurgeReplicas));

    /// <summary>When to come back because of what was written, or could not be; null where there is no such reason.</summary>
    private async Task<TimeSpan?> ApplyAsync(ObjectKey key, Gathered gathered, Decision decision, CancellationToken ct)
    {
        var isRecorded = false;
        AskedGate Gate(string name) => AskedGate.Find(cluster, key, name);
        var problem = await TryAsync(() => applier.ApplyObjectsAsync(gathered, decision, Gate, ct));
        // An object that is refused is no reason to lose what happened.
        problem = await TryAsync(async () => isRecorded = await records.WriteAsync(gathered, decision.Next, ct)) ?? problem;
        if (problem is null)
        {
            // The condition about a problem that is over goes with the next reconcile; so does the name of a record.
            return applyProblems.TryRemove(key, out _) || isRecorded ? TimeSpan.Zero : null;
        }

        return Remember(key, problem) ? TimeSpan.Zero : ApplyRetry;
    }

    /// <summary>Keeps what was refused for the status, and logs it once. Whether it is another problem than before.</summary>
    private bool Remember(ObjectKey key, Problem problem)
    {
        if (applyProblems.GetValueOrDefault(key) == problem)
            return false;
        Log.ApplyRefused(logger, problem.Message);
        applyProblems[key] = problem;
        return true;
    }

    /// <summary>What was refused and stays so until somebody acts; null where it was written.</summary>
    private static async Task<Problem?> TryAsync(Func<Task> write)
    {
        try
        {
            await write();
            return null;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return ProblemOf(e);
        }
    }

    private static bool IsRefusal(Exception e) => e is ApplyRefusedException or KubernetesException { IsInvalid: true } or KubernetesException { IsForbidden: true };

    private static Problem ProblemOf(Exception refusal) => new(Reasons.ApplyRefused, $"an object cannot be written: {refusal.Message}");

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    /// <summary>Events, metrics and the one log line of a decision.</summary>
    private void Tell(Gathered gathered, Decision decision, LlmDeploymentStatus status, TimeSpan sinceDecision)
    {
        var reference = gathered.Deployment.Reference();
        foreach (var happening in decision.Happenings)
            events.Publish(reference, happening.Type.ToString(), happening.Reason, Action, happening.Message);
        var stalled = status.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled);
        var before = gathered.Deployment.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Stalled);
        if (stalled.Status == "True" && (before?.Status != "True" || before.Reason != stalled.Reason))
            events.Publish(reference, HappeningType.Warning.ToString(), stalled.Reason, Action, stalled.Message);

        metrics.Decided(gathered.State, decision, sinceDecision);
        var verdicts = Audit.NewVerdicts(gathered.State, decision.Next);
        if (decision.Happenings.Count > 0 || decision.Transition is not null || verdicts.Count > 0)
        {
            Log.Decided(
                logger, LlmDeployment.ResourceKind.Kind, gathered.Deployment.Key(), decision.Next.Current?.Id, decision.Next.Current?.ReleaseHash,
                decision.Next.Current?.Phase.ToString(), decision.Next.Current?.StepIndex, decision.Next.Current?.WeightPercent,
                decision.Next.Current?.Actor, Audit.Describe(verdicts),
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
