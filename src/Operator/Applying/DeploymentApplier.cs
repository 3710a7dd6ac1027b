using System.Runtime.ExceptionServices;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>
/// Writes what was decided about one LlmDeployment. The order is the safety: the snapshot of a new release, then the status (gateways follow it), then the
/// objects, then the labels of pods, then the weights of a route, and last what nothing refers to any more. Where the candidate loses weight the status
/// comes before everything and the route right behind it; after a promotion the Services and their endpoints come before the route, so that it leads to the new pods
/// either way.
/// </summary>
internal sealed class DeploymentApplier(KubernetesClient client, ClusterView cluster, ObjectApplier applier)
{
    private readonly SettledObjects settled = new(cluster);

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment) => settled.Forget(deployment);

    /// <summary>Writes snapshot and status. True where the status changed.</summary>
    /// <exception cref="KubernetesException">Also a conflict, where the status was decided on an object that has changed since.</exception>
    public async Task<bool> ApplyStatusAsync(Gathered gathered, Decision decision, LlmDeploymentStatus status, CancellationToken ct)
    {
        var snapshot = DesiredObjects.Snapshot(gathered, decision);
        var losesWeight = decision.Next.CandidateWeightPercent < gathered.State.CandidateWeightPercent;
        if (snapshot is not null && !losesWeight)
            await applier.MakeAsync(cluster.Revisions, snapshot, ct);
        var changed = await WriteStatusAsync(gathered.Deployment, status, ct);
        if (snapshot is not null && losesWeight)
            await applier.MakeAsync(cluster.Revisions, snapshot, ct);
        return changed;
    }

    /// <summary>Writes the objects and deletes those that are no longer needed. Does nothing where all were in their place before, and nothing is another since.</summary>
    /// <param name="findGate">The gate of a name as the LlmDeployment asks for it.</param>
    public async Task ApplyObjectsAsync(Gathered gathered, Decision decision, Func<string, AskedGate> findGate, CancellationToken ct)
    {
        var (key, sight) = (gathered.Deployment.Key(), settled.Look(gathered, decision));
        if (settled.Has(key, sight))
            return;
        await ApplyObjectsAsync(gathered, decision, DesiredObjects.Of(gathered, decision, findGate), ct);
        settled.Note(key, sight, settled.Look(gathered, decision));
    }

    private async Task ApplyObjectsAsync(Gathered gathered, Decision decision, DesiredObjects desired, CancellationToken ct)
    {
        // A route that cannot be written must not keep the Services from leading requests away from the candidate.
        var refused = SwapsStable(gathered, decision) ? null : await LowerRouteAsync(gathered, decision, ct);
        foreach (var service in desired.Services)
            await applier.ApplyAsync(cluster.Services, service, ct);
        refused?.Throw();
        (await LowerRouteAsync(gathered, decision, ct))?.Throw();
        foreach (var deployment in desired.Deployments)
            await applier.ApplyAsync(cluster.Deployments, deployment, ct);
        await applier.ApplyAsync(cluster.DisruptionBudgets, desired.DisruptionBudget, ct);
        if (desired.Autoscaler is { } autoscaler)
            await applier.ApplyAsync(cluster.Autoscalers, autoscaler, ct);
        foreach (var run in desired.Runs)
            await CreateRunAsync(gathered, run, ct);
        await LabelPodsAsync(gathered.Deployment, decision.Next, ct);
        // Up only on endpoints that were seen: what is there may have gone since the weight was asked for.
        if (gathered.Route is { EndpointsProblem: null } route && !IsSwapping(gathered, decision))
            await cluster.RouterOf(route.Asked.Reference).WriteAsync(client, route.Asked, RouteWeight(decision), mayRise: true, ct);
        await DeleteUnusedAsync(gathered, decision, desired, ct);
    }

    /// <summary>Takes from the candidate what the route gives it above its share, and nothing else.</summary>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public async Task LowerWeightAsync(Gathered gathered, Decision decision, CancellationToken ct) => (await LowerRouteAsync(gathered, decision, ct))?.Throw();

    /// <summary>Writes the status alone. True where it changed.</summary>
    /// <exception cref="KubernetesException">Also a conflict, as in <see cref="ApplyStatusAsync"/>.</exception>
    public async Task<bool> WriteStatusAsync(LlmDeployment deployment, LlmDeploymentStatus status, CancellationToken ct)
    {
        if (deployment.Status is { } before && CanonicalJson.AreEqual(status, before, ApiJson.Default.LlmDeploymentStatus))
            return false;
        try
        {
            // The version that was decided on goes with it: a status worked out from an older object must not overwrite a newer one.
            cluster.LlmDeployments.Store.Note(await client.ApplyStatusAsync(deployment with { Status = status }, ApiGroup.OperatorFieldManager, force: true, ct));
            return true;
        }
        catch (KubernetesException e) when (e.IsOutcomeUnknown)
        {
            cluster.LlmDeployments.Store.Doubt(deployment.Key());
            throw;
        }
    }

    /// <summary>
    /// Where a status was written and nobody said whether it was: asks the server, so that nothing is decided on the state before it. Without an answer it is decided
    /// all the same, since a revert waits for nobody: what was decided on a state that is not the newest is a conflict.
    /// </summary>
    public async Task SettleAsync(ObjectKey key, CancellationToken ct)
    {
        var store = cluster.LlmDeployments.Store;
        if (!store.IsInDoubt(key))
            return;
        try
        {
            if (await client.GetNowAsync<LlmDeployment>(key, ct) is { } live)
                store.Note(live);
            else
                store.Trust(key);
        }
        catch (KubernetesException)
        {
            // Asked again the next time.
        }
    }

    /// <summary>Takes from the candidate what the route gives it above its share. What the server said where it refused.</summary>
    private async Task<ExceptionDispatchInfo?> LowerRouteAsync(Gathered gathered, Decision decision, CancellationToken ct)
    {
        if (gathered.Route is not { } route || decision.Next.Stable is null || IsSwapping(gathered, decision))
            return null;
        try
        {
            await cluster.RouterOf(route.Asked.Reference).WriteAsync(client, route.Asked, RouteWeight(decision), mayRise: false, ct);
            return null;
        }
        catch (KubernetesException e)
        {
            return ExceptionDispatchInfo.Capture(e);
        }
    }

    /// <summary>Whether the Service of stable does not lead to stable's pods yet.</summary>
    private static bool SwapsStable(Gathered gathered, Decision decision) => gathered.Route is { } route && route.StableSelects != decision.Next.Stable?.ServingHash;

    /// <summary>Whether the route waits for the endpoints after a promotion: stable's Service may still lead to the few pods that the old release had left. Never in a revert.</summary>
    private static bool IsSwapping(Gathered gathered, Decision decision) =>
        decision.Next is { CandidateWeightPercent: 0, Stable.ServingHash: var stable } && gathered.Route?.IsSwapping(stable) == true;

    /// <summary>The candidate's share on the route: none where it has no pods of its own to send requests to.</summary>
    private static int RouteWeight(Decision decision) =>
        decision.Next.Candidate?.ServingHash == decision.Next.Stable?.ServingHash ? 0 : decision.Next.CandidateWeightPercent;

    private async Task CreateRunAsync(Gathered gathered, EvalRun run, CancellationToken ct)
    {
        if (gathered.Runs.Any(existing => existing.Metadata.Name == run.Metadata.Name || GateFacts.AreSameAttempt(existing, run)))
            return;
        try
        {
            cluster.EvalRuns.Store.Note(await client.CreateAsync(run, ct));
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            // Made by an earlier attempt; the watch brings it.
        }
    }

    /// <summary>The role is on the pods and not in their template: a promotion must not roll them.</summary>
    private async Task LabelPodsAsync(LlmDeployment deployment, RolloutState state, CancellationToken ct)
    {
        foreach (var pod in cluster.Pods.ListByIndex(Indexes.Deployment, Indexes.OfDeployment(deployment.Key())))
        {
            var labels = pod.Metadata.Labels!;
            var serving = labels.GetValueOrDefault(Labels.Serving);
            var track = serving is null ? null : serving == state.Stable?.ServingHash ? Tracks.Stable : serving == state.Candidate?.ServingHash ? Tracks.Candidate : null;
            // A pod that retires keeps the track under which it answered its last requests.
            if (track is null || pod.IsDeleting() || cluster.Pods.Store.Get(pod.Key())?.Metadata.Labels?.GetValueOrDefault(Labels.Track) == track)
                continue;
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [Labels.Track] = track } } };
            try
            {
                cluster.Pods.Store.Note(await client.MergePatchAsync<Pod>(pod.Key(), patch, fieldManager: ApiGroup.OperatorFieldManager, ct: ct));
            }
            catch (KubernetesException e) when (e.IsNotFound)
            {
                // Gone meanwhile.
            }
        }
    }

    private async Task DeleteUnusedAsync(Gathered gathered, Decision decision, DesiredObjects desired, CancellationToken ct)
    {
        var owner = gathered.Deployment;
        var index = Indexes.OfDeployment(owner.Key());
        foreach (var workload in Owned(cluster.Deployments, index, owner).Where(owned => IsUnused(owned.Metadata, desired)))
            await DeleteAsync(workload, ct);
        foreach (var service in Owned(cluster.Services, index, owner).Where(owned => IsUnused(owned.Metadata, desired) && desired.Services.All(service => service.Metadata.Name != owned.Metadata.Name)))
            await applier.DeleteAsync(service, ct);
        if (desired.Autoscaler is null && cluster.Autoscalers.Store.Get(owner.Key()) is { } autoscaler && Ownership.IsOwnedBy(autoscaler, owner))
            await applier.DeleteAsync(autoscaler, ct);

        var rollouts = decision.Next.History.Select(finished => finished.Id).Append(decision.Next.Current?.Id).ToHashSet();
        foreach (var run in gathered.Runs.Where(run => !rollouts.Contains(run.Spec.Rollout)))
            await applier.DeleteAsync(run, ct);
        var releases = Referenced(decision.Next).ToHashSet();
        // A snapshot also stays while pods of its serving hash do: they are built from it.
        foreach (var revision in gathered.Releases.Revisions.Where(revision => !releases.Contains(ReleaseBook.HashOf(revision) ?? string.Empty) && IsUnused(revision.Metadata, desired)))
            await applier.DeleteAsync(revision, ct);
    }

    private async Task DeleteAsync(Deployment workload, CancellationToken ct)
    {
        cluster.Deployments.NoteGoing(workload);
        try
        {
            await applier.DeleteAsync(workload, ct);
        }
        catch
        {
            cluster.Deployments.ForgetGoing(workload);
            throw;
        }
    }

    private static List<T> Owned<T>(WatchedKind<T> kind, string index, LlmDeployment owner)
        where T : class, IResource<T> =>
        kind.ListByIndex(Indexes.Deployment, index).Where(owned => Ownership.IsOwnedBy(owned, owner)).ToList();

    private static bool IsUnused(ObjectMeta metadata, DesiredObjects desired) =>
        metadata.Labels?.GetValueOrDefault(Labels.Serving) is not { } serving || !desired.ServingHashes.Contains(serving);

    private static IEnumerable<string> Referenced(RolloutState state) =>
        new[] { state.Stable?.Hash, state.Candidate?.Hash, state.Current?.StableHash, state.Previous?.StableHash }.OfType<string>()
            .Concat(state.History.Select(finished => finished.ReleaseHash))
            .Concat(state.Failed.Select(failed => failed.Hash));
}
