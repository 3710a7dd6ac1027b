using System.Reflection;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>
/// From a rollout that ended to its record. Pure, and from what is kept in the status, snapshots and EvalRuns alone, so that a second attempt after a crash
/// says the same.
/// </summary>
internal static class RecordBuilder
{
    private const int MostEvaluations = 100;

    private static readonly string Version = typeof(RecordBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static string NameOf(LlmDeployment deployment, string rolloutId) => ObjectNames.Record(deployment.Metadata.Name!, rolloutId);

    /// <summary>Rollouts of a state that ended and whose record is not known to be written.</summary>
    public static IEnumerable<Rollout> Unrecorded(RolloutState state) =>
        from rollout in new[] { state.Previous, state.Current }.OfType<Rollout>()
        where rollout.FinishedAt is not null && Finished(state, rollout) is { Record: null }
        select rollout;

    public static RolloutRecord Build(Gathered gathered, RolloutState state, Rollout rollout)
    {
        var (deployment, finished) = (gathered.Deployment, Finished(state, rollout)!);
        var wire = StatusBuilder.Rollout(rollout, [], null);
        return new RolloutRecord
        {
            Metadata = OwnedMetadata.Of(deployment, NameOf(deployment, rollout.Id)),
            Spec = new RolloutRecordSpec
            {
                Deployment = deployment.Metadata.Name!,
                Rollout = rollout.Id,
                Outcome = finished.Outcome.ToString(),
                Reason = finished.Reason,
                Message = wire.Message!,
                Generation = wire.Generation,
                Kind = wire.Kind,
                Actor = wire.Actor,
                PromotedBy = wire.PromotedBy,
                Candidate = Release(gathered, rollout.ReleaseHash, rollout.StableHash),
                Stable = rollout.StableHash is { } stable ? Release(gathered, stable, null) : null,
                StartedAt = rollout.StartedAt,
                DecidedAt = rollout.DecidedAt,
                FinishedAt = finished.FinishedAt,
                FirstBadAt = rollout.FirstBadAt,
                TimeToDetect = finished.TimeToDetect,
                TimeToRevert = finished.TimeToRevert,
                MaxWeight = finished.MaxWeight,
                CandidateRequests = finished.CandidateRequests,
                Capacity = wire.Capacity,
                Steps = wire.StepTimes,
                Verdicts = wire.Verdicts,
                Evaluations = Evaluations(gathered, rollout),
                Actions = Actions(state, rollout),
                Evidence = wire.Evidence,
                Rules = wire.Rules,
                Timeline = wire.Timeline,
                OperatorVersion = Excerpt.Of(Version, 64),
            },
        };
    }

    private static FinishedRollout? Finished(RolloutState state, Rollout rollout) => state.History.FirstOrDefault(finished => finished.Id == rollout.Id);

    private static RecordedRelease Release(Gathered gathered, string hash, string? comparedWith)
    {
        if (gathered.Releases.Release(hash)?.Release is not { } snapshot)
            return new RecordedRelease { Release = hash };
        var hashes = ReleaseHashing.Compute(snapshot);
        var old = comparedWith is null ? null : gathered.Releases.Release(comparedWith)?.Release;
        return new RecordedRelease
        {
            Release = hash,
            ServingHash = hashes.Serving,
            PromptHash = hashes.Prompt,
            Model = snapshot.Model.Source,
            Revision = snapshot.Model.Revision,
            Engine = snapshot.Engine.Type,
            Image = snapshot.Engine.Image,
            Prompt = snapshot.Prompt?.Name,
            Changes = old is not null && ReleaseChanges.Describe(old, snapshot) is { Count: > 0 } changes ? changes : null,
        };
    }

    /// <summary>What people asked for while the rollout ran, the request that began or ended it included.</summary>
    private static ActionRecord[]? Actions(RolloutState state, Rollout rollout)
    {
        var actions = state.Actions.Where(action => action.At >= rollout.StartedAt && action.At <= rollout.FinishedAt).Select(StatusBuilder.Action).ToArray();
        return actions.Length > 0 ? actions : null;
    }

    private static RecordedEvaluation[]? Evaluations(Gathered gathered, Rollout rollout)
    {
        var runs = gathered.Runs.Where(run => run.Spec.Rollout == rollout.Id).OrderBy(run => run.Metadata.CreationTimestamp).ThenBy(run => run.Metadata.Name, StringComparer.Ordinal);
        var evaluations = runs.TakeLast(MostEvaluations).Select(run => new RecordedEvaluation
        {
            Run = run.Metadata.Name!,
            Gate = run.Spec.Gate,
            GateHash = run.Spec.GateHash,
            Judges = run.Spec.Judges is { Count: > 0 } judges
                ? [.. judges.Select(judge => new RecordedJudge { Scorer = judge.Scorer, Deployment = judge.Deployment, ServingHash = judge.ServingHash, Prompt = judge.Prompt, PromptHash = judge.PromptHash })]
                : null,
            DatasetDigest = run.Status?.DatasetDigest,
            Verdict = run.Status?.Verdict,
            Message = run.Status?.Message,
            Cases = run.Status?.Cases,
            Tokens = run.Status?.Tokens,
            Scores = run.Status?.Scores,
            Criteria = run.Status?.Criteria,
        }).ToArray();
        return evaluations.Length > 0 ? evaluations : null;
    }
}
