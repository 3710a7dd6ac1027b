using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// Answers RolloutActions: the effect and its record are in the status of the LlmDeployment first, this repeats the record on the action; an Evaluate alone is done here. Guarantee: an action
/// that was answered is never looked at again, one that was not is answered from the same record after any crash. Of those answered the newest
/// <see cref="Kept"/> per LlmDeployment are kept, and they go with it.
/// </summary>
internal sealed class RolloutActionReconciler(KubernetesClient client, ClusterView cluster, ObjectApplier applier, TimeProvider time)
{
    /// <summary>Answered actions that are kept per LlmDeployment.</summary>
    public const int Kept = 20;

    private const int LongestMessage = 2048;

    /// <summary>Gate, release or pods may be known to whoever asks for an evaluation before this operator's caches have them: until then nothing is refused.</summary>
    private static readonly TimeSpan CachesAreBehind = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.RolloutActions.Store.Get(key) is not { } action || action.IsDeleting())
            return ReconcileResult.Done;
        var owner = new ObjectKey(key.Namespace, action.Spec.Deployment);
        if (action.Status?.Phase is not null)
        {
            await PruneAsync(owner, ct);
            return ReconcileResult.Done;
        }

        // The cache may not have an LlmDeployment yet that was made right before the action: the server knows.
        var deployment = cluster.LlmDeployments.Store.Get(owner) ?? await client.GetAsync<LlmDeployment>(owner, ct);
        if (deployment is null)
            return await AnswerAsync(action, RolloutActionPhases.Refused, Reasons.DeploymentNotFound, $"there is no LlmDeployment {owner.Name} in namespace {owner.Namespace}: check the name and create another action", Now(), ct);
        if (action.Spec.Action == RolloutActionKinds.Evaluate)
            return await EvaluateAsync(action, deployment, ct);
        if (!ActionFacts.IsKnown(action))
            return await AnswerAsync(action, RolloutActionPhases.Refused, Reasons.ActionRefused, $"this operator does not know the action {action.Spec.Action}: update it, or its CRDs are newer than it is", Now(), ct);
        if (deployment.Status?.Actions?.FirstOrDefault(record => record.Id == action.Metadata.Uid) is not { } record)
            return ReconcileResult.Done;

        action = await OwnAsync(action, deployment, ct);
        var reason = record.Outcome == RolloutActionPhases.Applied ? Reasons.ActionApplied : Reasons.ActionRefused;
        return await AnswerAsync(action, record.Outcome, reason, record.Message, record.Time, ct);
    }

    /// <summary>An evaluation decides nothing about a rollout: its EvalRun is made here. Its name comes from the action, so that a second attempt makes no second run.</summary>
    private async Task<ReconcileResult> EvaluateAsync(RolloutAction action, LlmDeployment deployment, CancellationToken ct)
    {
        var ns = action.Metadata.Namespace!;
        var gate = AskedGate.Find(cluster, deployment.Key(), action.Spec.Gate ?? string.Empty);
        var revisions = cluster.Revisions.ListByIndex(Indexes.Deployment, Indexes.OfDeployment(deployment.Key())).Where(revision => Ownership.IsOwnedBy(revision, deployment));
        var runs = cluster.EvalRuns.ListByIndex(Indexes.Gate, Indexes.Value(ns, action.Spec.Gate ?? string.Empty));
        var (run, problem) = RequestedEvaluation.Of(action, deployment, gate, revisions, runs);
        if (run is null)
        {
            return Now() - action.Metadata.CreationTimestamp < CachesAreBehind
                ? ReconcileResult.After(LookAgain)
                : await AnswerAsync(action, RolloutActionPhases.Refused, Reasons.ActionRefused, problem!, Now(), ct);
        }

        action = await OwnAsync(action, deployment, ct);
        try
        {
            if (run.Metadata.Uid is null)
                cluster.EvalRuns.Store.Note(await client.CreateAsync(run, ct));
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            // Made by an earlier attempt; the watch brings it.
        }

        return await AnswerAsync(action, RolloutActionPhases.Applied, Reasons.ActionApplied, $"EvalRun {run.Metadata.Name} runs gate {run.Spec.Gate} on release {run.Spec.Candidate.Release}", Now(), ct, run.Metadata.Name);
    }

    private async Task<ReconcileResult> AnswerAsync(RolloutAction action, string phase, string reason, string message, DateTimeOffset at, CancellationToken ct, string? evalRun = null)
    {
        var isApplied = phase == RolloutActionPhases.Applied;
        var status = new RolloutActionStatus
        {
            ObservedGeneration = action.Metadata.Generation,
            Phase = phase,
            Message = Excerpt.Of(message, LongestMessage),
            EvalRun = evalRun,
            Time = at,
            Conditions = new ConditionSet(action.Status?.Conditions, action.Metadata.Generation, at)
                .Set(ConditionTypes.Ready, isApplied, reason, message)
                .Set(ConditionTypes.Stalled, !isApplied, reason, message).Conditions,
        };
        try
        {
            cluster.RolloutActions.Store.Note(await client.ApplyStatusAsync(action with { Status = status }, ApiGroup.OperatorFieldManager, ct: ct));
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            // Somebody deleted it meanwhile: the watch says so, and where it does not, another look.
            return ReconcileResult.After(LookAgain);
        }

        return ReconcileResult.Done;
    }

    /// <summary>Makes the action go with its LlmDeployment. The version that was read goes with it, so that nobody else's reference is lost.</summary>
    private async Task<RolloutAction> OwnAsync(RolloutAction action, LlmDeployment deployment, CancellationToken ct)
    {
        if (Ownership.ControllerOf(action.Metadata) is not null)
            return action;
        var owner = deployment.ControllerReference();
        var references = new JsonArray([.. (action.Metadata.OwnerReferences ?? []).Append(owner).Select(reference => (JsonNode)new JsonObject
        {
            ["apiVersion"] = reference.ApiVersion,
            ["kind"] = reference.Kind,
            ["name"] = reference.Name,
            ["uid"] = reference.Uid,
            ["controller"] = reference.Controller,
            ["blockOwnerDeletion"] = reference.BlockOwnerDeletion,
        })]);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = action.Metadata.ResourceVersion, ["ownerReferences"] = references } };
        try
        {
            var owned = await client.MergePatchAsync<RolloutAction>(action.Key(), patch, fieldManager: ApiGroup.OperatorFieldManager, ct: ct);
            cluster.RolloutActions.Store.Note(owned);
            return owned;
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return action;
        }
    }

    private async Task PruneAsync(ObjectKey owner, CancellationToken ct)
    {
        var answered = cluster.RolloutActions.Store.ListByIndex(Indexes.Deployment, Indexes.OfDeployment(owner), action => Indexes.DeploymentOf(action) == owner)
            .Where(action => Indexes.DeploymentOf(action) == owner && action.Status?.Phase is not null && !action.IsDeleting())
            .OrderByDescending(action => action.Status!.Time).ThenByDescending(action => action.Metadata.Name, StringComparer.Ordinal);
        foreach (var old in answered.Skip(Kept))
            await applier.DeleteAsync(old, ct);
    }

    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }
}
