using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// From an Evaluate action to the EvalRun that it asks for, or to why there is none. Pure. The run belongs to the action and to no rollout: it opens no gate and
/// fails none, however often somebody asks. Of one gate and LlmDeployment one such run goes on at a time.
/// </summary>
internal static class RequestedEvaluation
{
    /// <param name="action">What is asked.</param>
    /// <param name="deployment">The LlmDeployment that it names.</param>
    /// <param name="asked">The gate that it names, as the LlmDeployment asks for it.</param>
    /// <param name="revisions">Snapshots of the LlmDeployment's releases.</param>
    /// <param name="runs">EvalRuns of the gate.</param>
    public static (EvalRun? Run, string? Problem) Of(RolloutAction action, LlmDeployment deployment, AskedGate asked, IEnumerable<ControllerRevision> revisions, IEnumerable<EvalRun> runs)
    {
        if (action.Spec.Gate is not { } gateName || action.Metadata.Uid is not { } uid)
            return (null, "Evaluate asks for the name of an EvalGate: set spec.gate");
        var name = ObjectNames.Evaluation(deployment.Metadata.Name!, uid, gateName);
        var made = runs.Where(run => run.Spec.Rollout is null && run.Spec.Deployment == deployment.Metadata.Name && run.Metadata.Namespace == deployment.Metadata.Namespace).ToList();
        if (made.Find(run => run.Metadata.Name == name) is { } own)
            return (own, null);
        if (made.Find(run => run.Status?.Verdict is null && !run.IsDeleting()) is { } running)
            return (null, $"EvalRun {running.Metadata.Name} runs gate {gateName} already: wait for its verdict");
        if (asked.Gate is not { } gate || gate.IsDeleting())
            return (null, $"there is no EvalGate {gateName} in namespace {action.Metadata.Namespace}: check the name, or create it");
        if (asked.Obstacle is { } obstacle)
            return (null, obstacle.Message);

        var (stable, candidate) = (deployment.Status?.Stable, deployment.Status?.Candidate);
        var wanted = action.Spec.Release ?? candidate?.Release ?? stable?.Release;
        if (new[] { candidate, stable }.FirstOrDefault(release => release is not null && release.Release == wanted) is not { } tested)
            return (null, wanted is null ? $"no release of {deployment.Metadata.Name} serves yet" : $"release {wanted} neither serves nor is being tried: only those can be asked");
        if (tested.ReadyReplicas is not > 0)
            return (null, $"release {tested.Release} has no ready pod: ask again once it has");
        var snapshots = revisions.ToList();
        if (Target(deployment, tested, snapshots) is not { } target)
            return (null, $"release {tested.Release} has no snapshot that can be read");
        var compares = gate.Spec.Criteria.Any(criterion => criterion.NotWorseThanStable is not null);
        var baseline = compares && tested == candidate && stable is { ReadyReplicas: > 0 } ? Target(deployment, stable, snapshots) : null;
        return (Run(name, action, deployment, new() { Gate = gateName, GateHash = ReleaseHashing.Hash(gate.Spec), Deployment = deployment.Metadata.Name!, Candidate = target, Baseline = baseline, Judges = asked.Judges.Count > 0 ? asked.Judges : null }), null);
    }

    private static EvalTarget? Target(LlmDeployment deployment, ReleaseStatus release, IEnumerable<ControllerRevision> revisions) =>
        revisions.Where(revision => ReleaseBook.HashOf(revision) == release.Release).Select(ReleaseRecord.Read).OfType<ReleaseRecord>().FirstOrDefault() is { } record
            ? EvaluationResources.Target(deployment, release.Release, release.ServingHash, record.Release)
            : null;

    private static EvalRun Run(string name, RolloutAction action, LlmDeployment deployment, EvalRunSpec spec) => new()
    {
        Metadata = new()
        {
            Name = name,
            Namespace = deployment.Metadata.Namespace,
            Labels = OwnedMetadata.Labels(deployment.Metadata.Name!),
            // Nothing waits for the run to go before the action may.
            OwnerReferences = [action.ControllerReference() with { BlockOwnerDeletion = null }],
        },
        Spec = spec,
    };
}
