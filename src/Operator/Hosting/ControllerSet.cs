using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>
/// The queues, five for each shard, and which change wakes which key. Changes are queued for shards that this process leads; a term begins with everything.
/// </summary>
/// <remarks>
/// <code>
/// change of               wakes
/// LlmDeployment           itself; the PromptVersions that it uses or used
/// owned object, EvalRun   its LlmDeployment
/// engine pod              its LlmDeployment
/// route, of any kind      the LlmDeployments that name it
/// EndpointSlice           the LlmDeployment of its Service
/// PromptVersion           itself; the LlmDeployments that want it; if a judge goes by it, the gates and what an EvalGate wakes
/// EvalGate                itself; the LlmDeployments with it in their steps; its EvalRuns that run
/// EvalRun                 itself; its EvalGate
/// RolloutAction           itself; the LlmDeployment that it names
/// LlmDeployment           the RolloutActions that name it and have no answer; if it judges, and does so in another way, the gates and what an EvalGate wakes
/// Job, ConfigMap, pod     their EvalRun
/// Node, ResourceQuota     the LlmDeployments whose candidate waits for room
/// any pod that goes       the same
/// another candidate       the same, when it comes or goes
/// </code>
/// </remarks>
internal sealed class ControllerSet : IDisposable
{
    private readonly ClusterView cluster;
    private readonly ShardMap map;
    private readonly ShardQueues[] shards;

    /// <summary>For each shard that was led before: what forgets an LlmDeployment.</summary>
    private readonly Action<ObjectKey>?[] forget;

    private readonly LastOutcomes outcomes;
    private readonly OutcomeFacts facts;

    public ControllerSet(ClusterView cluster, ShardMap map, LastOutcomes outcomes, TimeProvider time)
    {
        (this.cluster, this.map, this.outcomes, facts) = (cluster, map, outcomes, new(cluster));
        shards = [.. Enumerable.Range(0, map.Count).Select(_ => new ShardQueues(IsAsked, time))];
        forget = new Action<ObjectKey>?[map.Count];
        Wire();
    }

    /// <summary>Keys that wait, of all shards.</summary>
    public int Waiting => shards.Sum(queues => queues.Count);

    /// <summary>Wakes an LlmDeployment.</summary>
    public void WakeDeployment(ObjectKey key) => Wake(key, queues => queues.Deployments);

    /// <summary>Wakes everything of a shard, for a new term of leadership: what is under way first, and what is at rest behind all that changes meanwhile.</summary>
    public void WakeAll(int shard)
    {
        // First: what changes while all are listed must not be missed.
        shards[shard].Open();
        WakeAll(shards[shard], ns => map.Of(ns) == shard);
    }

    /// <summary>Works the queues of a shard off until cancelled.</summary>
    public async Task RunAsync(
        int shard, LlmDeploymentReconciler deployment, PromptVersionReconciler prompt, EvalGateReconciler gate, EvalRunReconciler run, RolloutActionReconciler action, int workers, ILoggerFactory loggers, TimeProvider time, CancellationToken ct)
    {
        var logger = loggers.CreateLogger("LlmOps.Operator.Controllers");
        var queues = shards[shard];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            Task[] all =
            [
                // As many again for candidates with requests alone: a look at one is short and may end in a revert, a change is long.
                new Controller<ObjectKey>("llmdeployment", Served(deployment.ReconcileAsync), workers, queues.Deployments, logger, time, urgentWorkers: workers).RunAsync(stop.Token),
                new Controller<ObjectKey>("promptversion", Served(outcomes.Of(cluster.PromptVersions, prompt.ReconcileAsync, OutcomeFacts.Of, facts.Basis)), 1, queues.Prompts, logger, time).RunAsync(stop.Token),
                new Controller<ObjectKey>("evalgate", Served(outcomes.Of(cluster.EvalGates, gate.ReconcileAsync, OutcomeFacts.Of, facts.Basis)), 1, queues.Gates, logger, time).RunAsync(stop.Token),
                new Controller<ObjectKey>("evalrun", Served(outcomes.Of(cluster.EvalRuns, run.ReconcileAsync, OutcomeFacts.Of, facts.Basis)), 2, queues.Runs, logger, time).RunAsync(stop.Token),
                new Controller<ObjectKey>("rolloutaction", Served(outcomes.Of(cluster.RolloutActions, action.ReconcileAsync, OutcomeFacts.Of, facts.Basis)), 1, queues.Actions, logger, time).RunAsync(stop.Token),
            ];
            await all.EndTogetherAsync(stop);
        }
        finally
        {
            forget[shard] = deployment.Forget;
            foreach (var key in queues.Close().Where(key => cluster.LlmDeployments.Store.Get(key) is null))
                deployment.Forget(key);
        }
    }

    public void Dispose()
    {
        foreach (var queues in shards)
            queues.Dispose();
    }

    private void Wire()
    {
        cluster.Selected?.AfterChange((before, after) =>
        {
            if (before is null && after is not null)
                WakeNamespace(after.Metadata.Name!);
        });
        cluster.Nodes.AfterChange(_ => WakeWaiting());
        cluster.Quotas.AfterChange(_ => WakeWaiting());
        cluster.BoundPods.AfterChange((before, after) =>
        {
            if (after is null || (after.IsDeleting() && before?.IsDeleting() == false))
                WakeWaiting();
        });
        cluster.Pods.AfterChange((before, after) =>
        {
            if (before is not null && Indexes.NodeOf(before).Any() && (after is null || after.IsDeleting() != before.IsDeleting() || !Indexes.NodeOf(after).Any()))
                WakeWaiting();
        });
        cluster.LlmDeployments.AfterChange((before, after) =>
        {
            if (after is not null)
                WakeDeployment(after.Key());
            else
                Forget(before!.Key());
            if (before?.Status?.Candidate?.Release != after?.Status?.Candidate?.Release)
                WakeWaiting();
            if (!JudgeFacts.IsSame(before, after))
                WakeGates(Indexes.Judge, (after ?? before!).Metadata);
            foreach (var prompt in PromptFacts.Changed(before, after))
                WakePrompt(new ObjectKey((after ?? before!).Metadata.Namespace!, prompt));
            foreach (var action in cluster.RolloutActions.ListByIndex(Indexes.Deployment, Indexes.OfDeployment((after ?? before!).Key())).Where(action => action.Status?.Phase is null))
                WakeAction(action.Key());
        });
        cluster.RolloutActions.AfterChange(action =>
        {
            WakeAction(action.Key());
            WakeDeployment(Indexes.DeploymentOf(action));
        });
        cluster.PromptVersions.AfterChange((before, after) =>
        {
            var prompt = (after ?? before)!;
            WakePrompt(prompt.Key());
            // Its status is written whenever one of its users changes, and concerns none of the others.
            if (PromptFacts.IsSame(before, after))
                return;
            WakeByIndex(Indexes.Prompt, Indexes.Value(prompt.Metadata.Namespace, prompt.Metadata.Name!));
            WakeGates(Indexes.Prompt, prompt.Metadata);
        });
        cluster.EvalGates.AfterChange(gate =>
        {
            WakeGate(gate.Key());
            var index = Indexes.Value(gate.Metadata.Namespace, gate.Metadata.Name!);
            WakeByIndex(Indexes.Gate, index);
            foreach (var run in cluster.EvalRuns.ListByIndex(Indexes.Gate, index).Where(run => run.Status?.Verdict is null))
                WakeRun(run.Key());
        });
        cluster.EvalRuns.AfterChange(run =>
        {
            WakeRun(run.Key());
            WakeGate(new ObjectKey(run.Metadata.Namespace!, run.Spec.Gate));
            WakeOwner(run);
        });
        cluster.Deployments.AfterChange(WakeOwner);
        cluster.Services.AfterChange(WakeOwner);
        cluster.Revisions.AfterChange(WakeOwner);
        cluster.Autoscalers.AfterChange(WakeOwner);
        cluster.DisruptionBudgets.AfterChange(WakeOwner);
        cluster.Jobs.AfterChange(WakeOwner);
        cluster.ConfigMaps.AfterChange(WakeOwner);
        foreach (var router in cluster.Routers)
        {
            router.OnChange(route => WakeByIndex(Indexes.Route, Indexes.OfRoute(router.Kind, route)));
            router.OnInstalled(() => WakeByIndex(Indexes.Route, router.Kind));
        }

        cluster.Endpoints.AfterChange(slice =>
        {
            foreach (var value in Indexes.ByLabel(slice.Metadata, Labels.Deployment))
                WakeByIndex(Indexes.Deployment, value);
        });
        cluster.Pods.AfterChange(pod =>
        {
            foreach (var value in Indexes.ByLabel(pod.Metadata, Labels.Deployment))
                WakeByIndex(Indexes.Deployment, value);
            // Names of EvalRuns are short enough to be label values as they are.
            foreach (var value in Indexes.ByLabel(pod.Metadata, Labels.EvalRun))
                WakeRun(Key(value));
        });
    }

    private void WakeOwner<T>(T obj)
        where T : class, IResource<T>
    {
        if (Ownership.ControllerOf(obj.Metadata) is not { } owner)
        {
            // Somebody took the owner away, which the owner is to mend.
            foreach (var value in Indexes.ByLabel(obj.Metadata, Labels.Deployment))
                WakeByIndex(Indexes.Deployment, value);
            return;
        }

        var key = new ObjectKey(obj.Metadata.Namespace!, owner.Name);
        if (owner.Kind == LlmDeployment.ResourceKind.Kind)
            WakeDeployment(key);
        else if (owner.Kind == EvalRun.ResourceKind.Kind)
            WakeRun(key);
    }

    private void Wake(ObjectKey key, Func<ShardQueues, WorkQueue<ObjectKey>> queue)
    {
        if (shards[map.Of(key.Namespace)] is { IsOpen: true } queues && cluster.Serves(key.Namespace))
            queues.Wake(queue(queues), key);
    }

    /// <summary>What is kept of an LlmDeployment that is gone is forgotten by its reconcile, and after a term at once.</summary>
    private void Forget(ObjectKey key)
    {
        var shard = map.Of(key.Namespace);
        if (!shards[shard].Wake(shards[shard].Deployments, key))
            forget[shard]?.Invoke(key);
    }

    private void WakePrompt(ObjectKey key) => Wake(key, queues => queues.Prompts);

    private void WakeGate(ObjectKey key) => Wake(key, queues => queues.Gates);

    private void WakeRun(ObjectKey key) => Wake(key, queues => queues.Runs);

    private void WakeAction(ObjectKey key) => Wake(key, queues => queues.Actions);

    /// <summary>A namespace that has come to be ours: another operator may have written there.</summary>
    private void WakeNamespace(string ns)
    {
        cluster.ForgetWrites(other => other == ns);
        if (shards[map.Of(ns)] is { IsOpen: true } queues)
            WakeAll(queues, other => other == ns);
    }

    private void WakeAll(ShardQueues queues, Func<string, bool> belongs)
    {
        WakeAll(queues, queues.Deployments, cluster.LlmDeployments, belongs, IsAtRest);
        WakeAll(queues, queues.Prompts, cluster.PromptVersions, belongs, _ => true);
        WakeAll(queues, queues.Gates, cluster.EvalGates, belongs, _ => true);
        WakeAll(queues, queues.Runs, cluster.EvalRuns, belongs, run => run.Status?.Verdict is not null);
        WakeAll(queues, queues.Actions, cluster.RolloutActions, belongs, action => action.Status?.Phase is not null);
    }

    private void WakeAll<T>(ShardQueues queues, WorkQueue<ObjectKey> queue, WatchedKind<T> kind, Func<string, bool> belongs, Func<T, bool> isAtRest)
        where T : class, IResource<T>
    {
        foreach (var obj in kind.List().Where(obj => belongs(obj.Metadata.Namespace!) && cluster.Serves(obj.Metadata.Namespace!)))
            queues.Wake(queue, obj.Key(), isAtRest(obj));
    }

    /// <summary>Keys that waited, some until a certain time, while their namespace went to somebody else are dropped.</summary>
    private Func<ObjectKey, CancellationToken, Task<ReconcileResult>> Served(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile) =>
        (key, ct) => cluster.Serves(key.Namespace) ? reconcile(key, ct) : Task.FromResult(ReconcileResult.Done);

    private static bool IsAtRest(LlmDeployment deployment) =>
        deployment.Status is { Stable: not null, Candidate: null, Retiring: null or { Count: 0 } } status && status.ObservedGeneration == deployment.Metadata.Generation && !deployment.IsDeleting();

    private bool IsAsked(ObjectKey key) => cluster.LlmDeployments.Store.Get(key) is { Status.Candidate: { Weight: > 0 } or { Mirror: not null } };

    private void WakeWaiting() => WakeByIndex(Indexes.WaitsForRoom, Indexes.WaitsForRoom);

    private void WakeByIndex(string index, string value)
    {
        foreach (var deployment in cluster.LlmDeployments.ListByIndex(index, value))
            WakeDeployment(deployment.Key());
    }

    /// <summary>Wakes the gates that use an object in some role, and the LlmDeployments with them in their steps.</summary>
    private void WakeGates(string index, ObjectMeta used)
    {
        foreach (var gate in cluster.EvalGates.ListByIndex(index, Indexes.Value(used.Namespace, used.Name!)))
        {
            WakeGate(gate.Key());
            WakeByIndex(Indexes.Gate, Indexes.Value(used.Namespace, gate.Metadata.Name!));
        }
    }

    private static ObjectKey Key(string indexValue)
    {
        var slash = indexValue.IndexOf('/', StringComparison.Ordinal);
        return new(indexValue[..slash], indexValue[(slash + 1)..]);
    }
}
