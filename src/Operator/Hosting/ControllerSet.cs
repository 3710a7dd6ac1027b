using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>
/// The queues, and which change wakes which key. Changes are queued whether this process leads or not; only a leader works them off.
/// </summary>
/// <remarks>
/// <code>
/// change of               wakes
/// LlmDeployment           itself; the PromptVersions that it uses or used
/// owned object, EvalRun   its LlmDeployment
/// engine pod              its LlmDeployment
/// HTTPRoute               the LlmDeployments that name it
/// EndpointSlice           the LlmDeployment of its Service
/// PromptVersion           itself; the LlmDeployments that want it
/// EvalGate                itself; the LlmDeployments with it in their steps; its EvalRuns that run
/// EvalRun                 itself; its EvalGate
/// RolloutAction           itself; the LlmDeployment that it names
/// LlmDeployment           the RolloutActions that name it and have no answer
/// Job, ConfigMap, pod     their EvalRun
/// Node, ResourceQuota     the LlmDeployments whose candidate waits for room
/// any pod that goes       the same
/// another candidate       the same, when it comes or goes
/// </code>
/// </remarks>
internal sealed class ControllerSet : IDisposable
{
    private readonly ClusterView cluster;
    private readonly WorkQueue<ObjectKey> deployments;
    private readonly WorkQueue<ObjectKey> prompts;
    private readonly WorkQueue<ObjectKey> gates;
    private readonly WorkQueue<ObjectKey> runs;
    private readonly WorkQueue<ObjectKey> actions;

    public ControllerSet(ClusterView cluster, TimeProvider time)
    {
        this.cluster = cluster;
        deployments = new(new() { Name = "llmdeployment" }, time);
        prompts = new(new() { Name = "promptversion" }, time);
        gates = new(new() { Name = "evalgate" }, time);
        runs = new(new() { Name = "evalrun" }, time);
        actions = new(new() { Name = "rolloutaction" }, time);
        Wire();
    }

    /// <summary>Wakes an LlmDeployment.</summary>
    public void WakeDeployment(ObjectKey key) => deployments.Add(key);

    /// <summary>Wakes everything: for a new term of leadership.</summary>
    public void WakeAll()
    {
        foreach (var deployment in cluster.LlmDeployments.List())
            deployments.Add(deployment.Key());
        foreach (var prompt in cluster.PromptVersions.List())
            prompts.Add(prompt.Key());
        foreach (var gate in cluster.EvalGates.List())
            gates.Add(gate.Key());
        foreach (var run in cluster.EvalRuns.List())
            runs.Add(run.Key());
        foreach (var action in cluster.RolloutActions.List())
            actions.Add(action.Key());
    }

    /// <summary>Works the queues off until cancelled.</summary>
    public Task RunAsync(
        LlmDeploymentReconciler deployment, PromptVersionReconciler prompt, EvalGateReconciler gate, EvalRunReconciler run, RolloutActionReconciler action, int workers, ILoggerFactory loggers, TimeProvider time, CancellationToken ct)
    {
        var logger = loggers.CreateLogger("LlmOps.Operator.Controllers");
        return Task.WhenAll(
            new Controller<ObjectKey>("llmdeployment", deployment.ReconcileAsync, workers, deployments, logger, time).RunAsync(ct),
            new Controller<ObjectKey>("promptversion", prompt.ReconcileAsync, 1, prompts, logger, time).RunAsync(ct),
            new Controller<ObjectKey>("evalgate", gate.ReconcileAsync, 1, gates, logger, time).RunAsync(ct),
            new Controller<ObjectKey>("evalrun", run.ReconcileAsync, 2, runs, logger, time).RunAsync(ct),
            new Controller<ObjectKey>("rolloutaction", action.ReconcileAsync, 1, actions, logger, time).RunAsync(ct));
    }

    public void Dispose()
    {
        deployments.Dispose();
        prompts.Dispose();
        gates.Dispose();
        runs.Dispose();
        actions.Dispose();
    }

    private void Wire()
    {
        cluster.Nodes.AfterChange(_ => WakeWaiting());
        cluster.Quotas.AfterChange(_ => WakeWaiting());
        cluster.BoundPods.AfterChange((before, after) =>
        {
            if (after is null || (after.IsDeleting() && before?.IsDeleting() == false))
                WakeWaiting();
        });
        cluster.LlmDeployments.AfterChange((before, after) =>
        {
            deployments.Add((after ?? before!).Key());
            if (before?.Status?.Candidate?.Release != after?.Status?.Candidate?.Release)
                WakeWaiting();
            foreach (var prompt in new[] { before, after }.OfType<LlmDeployment>().SelectMany(Indexes.PromptsOf).Distinct())
                prompts.Add(Key(prompt));
            foreach (var action in cluster.RolloutActions.ListByIndex(Indexes.Deployment, Indexes.OfDeployment((after ?? before!).Key())).Where(action => action.Status?.Phase is null))
                actions.Add(action.Key());
        });
        cluster.RolloutActions.AfterChange(action =>
        {
            actions.Add(action.Key());
            deployments.Add(Indexes.DeploymentOf(action));
        });
        cluster.PromptVersions.AfterChange(prompt =>
        {
            prompts.Add(prompt.Key());
            WakeByIndex(Indexes.Prompt, Indexes.Value(prompt.Metadata.Namespace, prompt.Metadata.Name!));
        });
        cluster.EvalGates.AfterChange(gate =>
        {
            gates.Add(gate.Key());
            var index = Indexes.Value(gate.Metadata.Namespace, gate.Metadata.Name!);
            WakeByIndex(Indexes.Gate, index);
            foreach (var run in cluster.EvalRuns.ListByIndex(Indexes.Gate, index).Where(run => run.Status?.Verdict is null))
                runs.Add(run.Key());
        });
        cluster.EvalRuns.AfterChange(run =>
        {
            runs.Add(run.Key());
            gates.Add(new ObjectKey(run.Metadata.Namespace!, run.Spec.Gate));
            WakeOwner(run);
        });
        cluster.Deployments.AfterChange(WakeOwner);
        cluster.Services.AfterChange(WakeOwner);
        cluster.Revisions.AfterChange(WakeOwner);
        cluster.Autoscalers.AfterChange(WakeOwner);
        cluster.DisruptionBudgets.AfterChange(WakeOwner);
        cluster.Jobs.AfterChange(WakeOwner);
        cluster.ConfigMaps.AfterChange(WakeOwner);
        cluster.Routes.OnChange(route => WakeByIndex(Indexes.Route, Indexes.Value(route.Metadata.Namespace, route.Metadata.Name!)));
        cluster.RouteEndpoints.AfterChange(slice =>
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
                runs.Add(Key(value));
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
            deployments.Add(key);
        else if (owner.Kind == EvalRun.ResourceKind.Kind)
            runs.Add(key);
    }

    private void WakeWaiting() => WakeByIndex(Indexes.WaitsForRoom, Indexes.WaitsForRoom);

    private void WakeByIndex(string index, string value)
    {
        foreach (var deployment in cluster.LlmDeployments.ListByIndex(index, value))
            deployments.Add(deployment.Key());
    }

    private static ObjectKey Key(string indexValue)
    {
        var slash = indexValue.IndexOf('/', StringComparison.Ordinal);
        return new(indexValue[..slash], indexValue[(slash + 1)..]);
    }
}
