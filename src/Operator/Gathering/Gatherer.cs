using System.Security.Cryptography;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering.Capacity;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Resources;
using LlmOps.Operator.Traffic;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Reads all that a decision about one LlmDeployment needs, from the caches, the engine pods and the gateways. A read that fails is a fact in what is
/// gathered, not an exception.
/// </summary>
/// <param name="sources">Whom the checks may ask.</param>
internal sealed class Gatherer(
    ClusterView cluster, WarmUpProber warmUp, EngineMetricsReader engineMetrics, EvidenceReader evidence, CheckPoller checks, CheckSources sources,
    WrittenRecords records)
{
    private readonly CapacityReader room = new(cluster);
    private readonly RouteObserver routes = new(cluster);
    private readonly ResolutionCache resolutions = new();

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment)
    {
        checks.Forget(deployment);
        resolutions.Forget(deployment);
    }

    public async Task<Gathered> GatherAsync(LlmDeployment deployment, CancellationToken ct)
    {
        var key = deployment.Key();
        var index = Indexes.OfDeployment(key);
        var prompt = deployment.Spec.Prompt is { } reference ? cluster.PromptVersions.Store.Get(new ObjectKey(key.Namespace, reference.Name)) : null;
        var revisions = cluster.Revisions.Store.ListByIndex(Indexes.Deployment, index, revision => Ownership.IsOwnedBy(revision, deployment)).Where(revision => Ownership.IsOwnedBy(revision, deployment)).ToList();
        var (spec, state, releases) = resolutions.Of(deployment, prompt, revisions);
        var runs = cluster.EvalRuns.Store.ListByIndex(Indexes.Deployment, index, run => Ownership.IsOwnedBy(run, deployment)).Where(run => Ownership.IsOwnedBy(run, deployment)).ToList();

        var route = routes.Observe(deployment, state);
        var engines = route is null ? new([], null) : Counters(deployment, state, releases);
        var actions = ActionFacts.Pending(cluster.RolloutActions.Store
            .ListByIndex(Indexes.Deployment, index, action => Indexes.DeploymentOf(action) == key).Where(action => Indexes.DeploymentOf(action) == key));
        var known = actions.Any(action => action.Kind == ActionKind.Rollback)
            ? ActionFacts.Known(revisions, name => cluster.PromptVersions.Store.Get(new ObjectKey(key.Namespace, name)))
            : [];
        var sought = CapacityReader.Sought(spec.Plan, state, actions, known);
        // A release of the past may need other GPUs than the spec asks for now.
        if (sought is not null && releases.Serving(sought.ServingHash)?.Release is { } release)
            spec = spec with { Plan = spec.Plan with { GpusPerReplica = release.Resources.GpuCount() } };

        return new Gathered
        {
            Deployment = deployment,
            Spec = spec,
            State = state,
            Releases = releases,
            Runs = runs,
            CheckProblems = [.. CheckBuilder.Problems(deployment, sources)],
            Route = route,
            Observation = new Observation
            {
                Pods = Pods(deployment, state, releases),
                Gates = state is { Candidate: not null, Current: { } rollout }
                    ? GateFacts.Observe(rollout, spec.Plan.Steps, runs, name => AskedGate.Find(cluster, key, name))
                    : [],
                Evidence = state is { Candidate: not null, Stable: not null, Current: { Id: var id } } && state.CandidateIsAsked
                    ? await EvidenceAsync(key, id, needsGateway: route is null, engines.Failure, ct)
                    : EvidenceObservation.None,
                Capacity = room.Observe(deployment, spec.Plan, state, releases, sought),
                Checks = Checks(deployment, state, releases),
                Counters = engines.Readings,
                Traffic = route?.ToObservation(),
                Records = records.Of(key),
                Actor = deployment.Metadata.LastWriter,
                Actions = actions,
                Known = known,
                NewRolloutId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)),
            },
        };
    }

    /// <summary>Room is looked for and promised one after the other: two rollouts that start at the same moment must not count on the same GPU.</summary>
    public Lock Promises { get; } = new();

    /// <summary>The same facts with the room that there is now.</summary>
    public Gathered LookAgainForRoom(Gathered gathered)
    {
        var sought = CapacityReader.Sought(gathered.Spec.Plan, gathered.State, gathered.Observation.Actions, gathered.Observation.Known);
        return gathered with { Observation = gathered.Observation with { Capacity = room.Observe(gathered.Deployment, gathered.Spec.Plan, gathered.State, gathered.Releases, sought) } };
    }

    /// <summary>Counts the room of a status that is about to be written as taken, until <see cref="Settle"/>.</summary>
    public void Promise(Gathered gathered, LlmDeploymentStatus status) =>
        room.Promise(gathered.Deployment with { Status = status }, status.Candidate is { } candidate ? gathered.Releases.Serving(candidate.ServingHash)?.Template.Spec : null);

    /// <summary>The status was written, or could not be.</summary>
    public void Settle(ObjectKey deployment) => room.Settle(deployment);

    /// <summary>Samples are taken while there is something to measure.</summary>
    private EquatableArray<CheckObservation> Checks(LlmDeployment deployment, RolloutState state, ReleaseBook releases)
    {
        if (state is { Candidate: { } candidate, Stable: { } stable, CandidateIsAsked: true, Current.Id: var id })
            return checks.Observe(deployment.Key(), id, CheckBuilder.Build(deployment, candidate, stable, release => releases.Release(release.Hash)?.Release.Engine.Type, sources));
        checks.Forget(deployment.Key());
        return [];
    }

    private async Task<EvidenceObservation> EvidenceAsync(ObjectKey key, string rolloutId, bool needsGateway, string? failure, CancellationToken ct)
    {
        var read = await evidence.ReadAsync(key.Namespace, key.Name, rolloutId, needsGateway, ct);
        return read with { ProviderError = read.ProviderError ?? failure };
    }

    /// <summary>Counters of the engines of both tracks, while both have requests.</summary>
    private EngineCounts Counters(LlmDeployment deployment, RolloutState state, ReleaseBook releases)
    {
        if (state is not { CandidateWeightPercent: > 0, Stable.ServingHash: var stable, Candidate.ServingHash: var candidate } || stable == candidate)
            return new([], null);
        var pods =
            from pod in cluster.Pods.ListByIndex(Indexes.Deployment, Indexes.OfDeployment(deployment.Key()))
            let serving = pod.Metadata.Labels!.GetValueOrDefault(Labels.Serving)
            where (serving == stable || serving == candidate) && PodFacts.IsReady(pod)
            let engine = EngineOf(releases, serving)
            where engine is not null
            select (new MeasuredPod(pod, engine.Value.Engine, engine.Value.Access), serving == candidate);
        return engineMetrics.Counts(deployment.Key(), pods);
    }

    private EquatableArray<PodsObservation> Pods(LlmDeployment deployment, RolloutState state, ReleaseBook releases)
    {
        var index = Indexes.OfDeployment(deployment.Key());
        var pods = cluster.Pods.ListByIndex(Indexes.Deployment, index).ToLookup(pod => pod.Metadata.Labels!.GetValueOrDefault(Labels.Serving) ?? string.Empty);
        var facts = new List<PodsObservation>();
        foreach (var workload in cluster.Deployments.Store.ListByIndex(Indexes.Deployment, index, owned => Ownership.IsOwnedBy(owned, deployment)))
        {
            if (!Ownership.IsOwnedBy(workload, deployment) || workload.Metadata.Labels?.GetValueOrDefault(Labels.Serving) is not { } serving)
                continue;
            var startsAnew = state is { CandidateWeightPercent: 0, Candidate: { } candidate } && candidate.ServingHash == serving && state.Stable?.ServingHash != serving;
            var own = pods[serving].Where(pod => !pod.IsDeleting() && !(startsAnew && (cluster.Deployments.IsGoing(workload) || PodFacts.IsLeftOver(pod, workload)))).ToList();
            var ready = own.Where(PodFacts.IsReady).ToList();
            var warm = WarmUp(deployment, state, releases, serving, ready);
            var problem = PodFacts.FindProblem(own, (pod, resource) => room.Explain(deployment, pod, resource)) ?? Silence(warm, ready.Count);
            facts.Add(new(
                serving, workload.Spec?.Replicas ?? 0, ready.Count, warm.WarmedUp, problem, InFlight(deployment, state, releases, serving, own), PodFacts.PhaseOf(own), warm.Unauthorized,
                Listed(deployment, state, serving, ready)));
        }

        return facts.OrderBy(fact => fact.ServingHash, StringComparer.Ordinal).ToEquatableArray();
    }

    /// <summary>Only pods that are about to get their first requests are asked: those of a candidate.</summary>
    private WarmUpFacts WarmUp(LlmDeployment deployment, RolloutState state, ReleaseBook releases, string serving, List<Pod> ready)
    {
        if (state.Candidate?.ServingHash != serving || releases.Serving(serving)?.Release is not { } release || EngineCatalog.Find(release.Engine.Type) is not { } engine)
            return new(0, 0, null);
        return warmUp.Observe(deployment.Key(), ready, EngineAccess.Of(engine, release), engine.ServedName(deployment.Metadata.Name!, release.Model));
    }

    /// <summary>How many of a candidate's ready pods requests would find.</summary>
    private int? Listed(LlmDeployment deployment, RolloutState state, string serving, List<Pod> ready)
    {
        if (state.Candidate?.ServingHash != serving)
            return null;
        var listed = cluster.EndpointsOf(deployment.Key(), ObjectNames.Serving(deployment.Metadata.Name!, serving))
            .Where(endpoint => endpoint.Conditions?.Ready != false).Select(endpoint => endpoint.TargetRef!.Name!).ToHashSet(StringComparer.Ordinal);
        return ready.Count(pod => listed.Contains(pod.Metadata.Name!));
    }

    /// <summary>Why ready pods do not generate, while none does.</summary>
    private static Problem? Silence(WarmUpFacts warm, int ready) => warm is { WarmedUp: 0, Failure: { } failure }
        ? new(warm.Unauthorized >= ready ? Reasons.CandidateUnauthorized : Reasons.CandidateUnavailable, failure)
        : null;

    /// <summary>Only pods that would go now are asked.</summary>
    private int? InFlight(LlmDeployment deployment, RolloutState state, ReleaseBook releases, string serving, List<Pod> pods) =>
        state.Retiring.Any(retiring => retiring.ServingHash == serving) && EngineOf(releases, serving) is { } engine
            ? engineMetrics.InFlight(deployment.Key(), pods.Select(pod => new MeasuredPod(pod, engine.Engine, engine.Access)))
            : null;

    private static (IEngine Engine, EngineAccess Access)? EngineOf(ReleaseBook releases, string? serving) =>
        serving is not null && releases.Serving(serving)?.Release is { } release && EngineCatalog.Find(release.Engine.Type) is { } engine ? (engine, EngineAccess.Of(engine, release)) : null;
}
