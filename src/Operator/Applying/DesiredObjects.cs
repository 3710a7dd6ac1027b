using System.Globalization;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>From a decision to the objects that must exist. Pure.</summary>
internal sealed record DesiredObjects
{
    public required IReadOnlyList<Deployment> Deployments { get; init; }

    public required IReadOnlyList<Service> Services { get; init; }

    /// <summary>Null where the LlmDeployment does not autoscale.</summary>
    public required HorizontalPodAutoscaler? Autoscaler { get; init; }

    public required PodDisruptionBudget DisruptionBudget { get; init; }

    /// <summary>The evaluations that the decision asks for and that can be run now.</summary>
    public required IReadOnlyList<EvalRun> Runs { get; init; }

    /// <summary>Serving hashes that pods may exist for. What is not here goes.</summary>
    public required IReadOnlySet<string> ServingHashes { get; init; }

    /// <param name="gathered">What the decision was made on.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="findGate">The gate of a name as the LlmDeployment asks for it.</param>
    public static DesiredObjects Of(Gathered gathered, Decision decision, Func<string, AskedGate> findGate)
    {
        var owner = gathered.Deployment;
        var deployments = new List<Deployment>();
        var services = new List<Service>();
        foreach (var target in decision.Pods)
        {
            // Without a snapshot nobody knows what these pods are: they stay as they are.
            if (gathered.Releases.Serving(target.ServingHash) is not { } record || EngineCatalog.Find(record.Release.Engine.Type) is not { } engine)
                continue;
            deployments.Add(ServingResources.Deployment(owner, target.ServingHash, record, target.Replicas));
            services.Add(ServingResources.Service(owner, target.ServingHash, engine));
        }

        services.AddRange(TrackServices(gathered, decision));
        return new DesiredObjects
        {
            Deployments = deployments,
            Services = services,
            Autoscaler = EngineCatalog.Find(owner.Spec.Engine.Type) is { } wanted ? ScalingResources.Autoscaler(owner, wanted) : null,
            DisruptionBudget = ScalingResources.DisruptionBudget(owner),
            Runs = decision.Gates.Select(request => findGate(request.Gate) is { Gate: { } gate, Obstacle: null, Judges: var judges } ? RunOf(gathered, decision.Next, request, gate, judges) : null).OfType<EvalRun>().ToList(),
            ServingHashes = decision.Pods.Select(target => target.ServingHash).ToHashSet(StringComparer.Ordinal),
        };
    }

    /// <summary>The snapshot of the release that a decision starts; null where it starts none or the snapshot is there.</summary>
    public static ControllerRevision? Snapshot(Gathered gathered, Decision decision)
    {
        var desired = gathered.Releases.Desired;
        if (desired is null || (decision.Next.Candidate?.Hash != desired.Hashes.Release && decision.Next.Stable?.Hash != desired.Hashes.Release))
            return null;
        return gathered.Releases.Revisions.Any(revision => ReleaseBook.HashOf(revision) == desired.Hashes.Release)
            ? null
            : ServingResources.Revision(gathered.Deployment, desired.Hashes, desired.Record, gathered.Releases.NextRevision);
    }

    /// <summary>
    /// The two Services of a route. The candidate's leads to stable's pods, so that a weight that somebody else sets sends nobody to a release that was not
    /// let on, until the candidate may serve and the route is known to send nothing there.
    /// </summary>
    private static IEnumerable<Service> TrackServices(Gathered gathered, Decision decision)
    {
        if (gathered.Route is not { } route || decision.Next.Stable is not { } stable)
            return [];
        var candidate = decision.Next.Candidate?.ServingHash;
        var leads = candidate is not null && candidate != stable.ServingHash &&
            (decision.Next.CandidateWeightPercent > 0 || (decision.CandidateMayServe && (route.Sight.AcceptedWeightPercent == 0 || route.CandidateSelects == candidate)));
        return
        [
            ServingResources.TrackService(gathered.Deployment, Tracks.Stable, stable.ServingHash),
            ServingResources.TrackService(gathered.Deployment, Tracks.Candidate, leads ? candidate! : stable.ServingHash),
        ];
    }

    private static EvalRun? RunOf(Gathered gathered, RolloutState state, GateRequest request, EvalGate gate, EquatableArray<EvalJudge> judges)
    {
        if (state.Candidate is not { } candidate || Target(gathered, candidate) is not { } tested)
            return null;
        var compares = gate.Spec.Criteria.Any(criterion => criterion.NotWorseThanStable is not null);
        var run = EvaluationResources.Run(
            gathered.Deployment,
            ObjectNames.EvalRun(gathered.Deployment.Metadata.Name!, request.RolloutId, request.StepIndex, request.Gate, request.Attempt),
            new EvalRunSpec
            {
                Gate = request.Gate,
                GateHash = ReleaseHashing.Hash(gate.Spec),
                Deployment = gathered.Deployment.Metadata.Name!,
                Rollout = request.RolloutId,
                Candidate = tested,
                // Stable that made way cannot answer.
                Baseline = compares && state is { IsCandidateAlone: false, Stable: { } stable } ? Target(gathered, stable) : null,
                Judges = judges.Count > 0 ? judges : null,
            });
        return run with
        {
            Metadata = run.Metadata with
            {
                Annotations = new Dictionary<string, string>
                {
                    [Annotations.Step] = request.StepIndex.ToString(CultureInfo.InvariantCulture),
                    [Annotations.Attempt] = request.Attempt.ToString(CultureInfo.InvariantCulture),
                },
            },
        };
    }

    private static EvalTarget? Target(Gathered gathered, Release release) =>
        gathered.Releases.Release(release.Hash)?.Release is { } snapshot ? EvaluationResources.Target(gathered.Deployment, release.Hash, release.ServingHash, snapshot) : null;
}
