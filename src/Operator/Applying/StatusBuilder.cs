using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>From a decision to the status that keeps it. <see cref="RolloutStateReader"/> reads it back. Pure.</summary>
internal static class StatusBuilder
{
    private const int LongestMessage = 2048;

    /// <param name="applyProblem">Why objects could not be written last time; null where they could.</param>
    public static LlmDeploymentStatus Build(Gathered gathered, Decision decision, Problem? applyProblem, DateTimeOffset now)
    {
        var (deployment, next) = (gathered.Deployment, decision.Next);
        var before = deployment.Status;
        var stable = next.Stable is { } serving ? Release(gathered, decision, serving, next.StableWeightPercent, null, before?.Stable) : null;
        var candidate = next.Candidate is { } tried ? Release(gathered, decision, tried, next.CandidateWeightPercent, next.Stable, before?.Candidate) with { Mirror = Mirror(next) } : null;
        return new LlmDeploymentStatus
        {
            ObservedGeneration = next.ObservedGeneration,
            Phase = StatusConditions.Phase(gathered, decision),
            Conditions = StatusConditions.Build(gathered, decision, applyProblem, now),
            Stable = stable,
            Candidate = candidate,
            Rollout = next.Current is { } rollout ? Rollout(rollout, gathered.Spec.Plan.Steps, decision.Deadline) : null,
            PreviousRollout = next.Previous is { } previous ? Rollout(previous, [], null) : null,
            FailedReleases = NullIfEmpty(next.Failed.Select(failed => new FailedRelease { Release = failed.Hash, Reason = failed.Reason, Message = Excerpt.Of(failed.Message, LongestMessage), Time = failed.At })),
            History = NullIfEmpty(next.History.Select(Record)),
            Retiring = NullIfEmpty(next.Retiring.Select(retiring => new RetiringRelease { ServingHash = retiring.ServingHash, Replicas = retiring.Replicas, Until = retiring.Until, Deadline = retiring.Deadline })),
            PausedBy = next.PausedBy,
            Actions = NullIfEmpty(next.Actions.Select(Action)),
            Replicas = gathered.Observation.Pods.Sum(pods => pods.Desired),
            ReadyReplicas = gathered.Observation.Pods.Sum(pods => pods.Ready),
            Selector = $"{Labels.Deployment}={ObjectNames.LabelValue(deployment.Metadata.Name!)}",
        };
    }

    private static ReleaseStatus Release(Gathered gathered, Decision decision, Release release, int weight, Release? comparedWith, ReleaseStatus? before)
    {
        var record = gathered.Releases.Release(release.Hash)?.Release;
        var known = before?.Release == release.Hash ? before : null;
        var changes = comparedWith is null ? null : gathered.Releases.Changes(comparedWith.Hash, release.Hash);
        return new ReleaseStatus
        {
            Release = release.Hash,
            ServingHash = release.ServingHash,
            PromptHash = release.PromptHash,
            // A snapshot that somebody deleted must not take the prompt from a release that serves: what was known stays.
            Prompt = record is null ? known?.Prompt : record.Prompt?.Name,
            Model = record?.Model.Source ?? known?.Model,
            Revision = record is null ? known?.Revision : record.Model.Revision,
            ServedName = record?.Model.ServedName ?? known?.ServedName,
            Engine = record?.Engine.Type ?? known?.Engine,
            Image = record?.Engine.Image ?? known?.Image,
            ApiKeySecretRef = record is null ? known?.ApiKeySecretRef : record.Engine.ApiKeySecretRef,
            Service = ObjectNames.Serving(gathered.Deployment.Metadata.Name!, release.ServingHash),
            Weight = weight,
            Replicas = decision.Pods.FirstOrDefault(target => target.ServingHash == release.ServingHash)?.Replicas ?? 0,
            ReadyReplicas = gathered.PodsOf(release.ServingHash).Ready,
            Changes = changes is null ? known?.Changes : NullIfEmpty(changes),
        };
    }

    private static MirrorStatus? Mirror(RolloutState state) =>
        state.Mirror is { } mirror ? new() { Percent = mirror.Percent, MaxConcurrent = mirror.MaxConcurrent } : null;

    /// <summary>The wire form of a rollout.</summary>
    /// <param name="steps">Steps of the plan; none for a rollout that ended before the present one.</param>
    public static RolloutStatus Rollout(Rollout rollout, EquatableArray<Step> steps, DateTimeOffset? deadline) => new()
    {
        Id = rollout.Id,
        Release = rollout.ReleaseHash,
        StableRelease = rollout.StableHash,
        Generation = rollout.Generation == 0 ? null : rollout.Generation,
        Actor = rollout.Actor,
        Phase = rollout.Phase.ToString(),
        Step = rollout.StepIndex,
        Steps = steps.Count,
        StepName = StepName(rollout, steps),
        WeightEpoch = rollout.WeightEpoch,
        MaxWeight = rollout.MaxWeight,
        StableFloor = rollout.StableFloor > 0 ? rollout.StableFloor : null,
        RevertReason = rollout.RevertReason,
        RevertMessage = rollout.RevertMessage is { } why ? Excerpt.Of(why, LongestMessage) : null,
        Kind = rollout.Kind == RolloutKind.Release ? null : rollout.Kind.ToString(),
        PromotedBy = rollout.PromotedBy,
        GateAttempts = NullIfEmpty(rollout.GateAttempts.Select(attempt => new GateAttemptStatus { Step = attempt.StepIndex, Gate = attempt.Gate, Attempt = attempt.Attempt })),
        StartedAt = rollout.StartedAt,
        StepStartedAt = rollout.StepStartedAt,
        HoldStartedAt = rollout.HoldStartedAt,
        Deadline = deadline,
        Capacity = rollout.Capacity is { } room ? Capacity(room) : null,
        StartPhase = rollout.Start?.Phase.ToString(),
        StartPhaseSince = rollout.Start?.Since,
        Reason = rollout.Reason,
        Message = Excerpt.Of(rollout.Message, LongestMessage),
        Verdicts = NullIfEmpty(rollout.Verdicts.Select(verdict => new VerdictStatus
        {
            Step = verdict.StepIndex,
            Name = verdict.Name,
            Verdict = verdict.Verdict.ToString(),
            Message = Excerpt.Of(verdict.Message, LongestMessage),
            Time = verdict.At,
        })),
        Evidence = NullIfEmpty(rollout.Evidence.Select(row => new EvidenceStatus
        {
            Process = row.Process,
            Epoch = row.Epoch,
            Weight = row.WeightPercent,
            Mirrored = row.Mirrored ? true : null,
            OfEngine = row.IsOfEngine ? true : null,
            Stable = Counts(row.Stable),
            Candidate = Counts(row.Candidate),
        })),
        Baselines = NullIfEmpty(rollout.Baselines.Select(baseline => new CounterStatus
        {
            Process = baseline.Process,
            Epoch = baseline.Epoch,
            Requests = baseline.Requests,
            Errors = baseline.Errors,
        })),
        EvidenceSavedAt = rollout.EvidenceSavedAt,
        RecentAnswers = rollout.RecentAnswers is { } recent ? new RecentAnswersStatus { Stable = Answers(recent.Stable), Candidate = Answers(recent.Candidate) } : null,
        EvidenceOnsets = NullIfEmpty(rollout.Onsets.Select(onset => new EvidenceOnsetStatus
        {
            Epoch = onset.Epoch,
            Number = onset.Number,
            Stable = Counts(onset.Stable),
            Candidate = Counts(onset.Candidate),
        })),
        PredictedWait = rollout.PredictedWait,
        Checks = NullIfEmpty(rollout.Checks.Select(check => new CheckStatus
        {
            Name = check.Name,
            Verdict = check.Verdict.ToString(),
            Failures = check.Failures,
            Sample = check.SampleId,
            Time = check.At,
            Message = Excerpt.Of(check.Message, LongestMessage),
        })),
        ReasonSince = rollout.ReasonSince,
        FirstBadAt = rollout.FirstBadAt,
        DecidedAt = rollout.DecidedAt,
        FinishedAt = rollout.FinishedAt,
        Timeline = NullIfEmpty(rollout.Timeline.Select(moment => new TimelineEntry { Time = moment.At, Reason = moment.Reason, Step = moment.StepIndex, Weight = moment.WeightPercent, Message = Excerpt.Of(moment.Message, LongestMessage) })),
        StepTimes = NullIfEmpty(rollout.StepTimes.Select(time => new StepTimeStatus { Step = time.StepIndex, Name = time.Name, Weight = time.WeightPercent, StartedAt = time.StartedAt, EndedAt = time.EndedAt })),
        Rules = NullIfEmpty(rollout.Rules.Select(rule => new RuleStatus { Name = rule.Name, Value = rule.Value })),
    };

    private static string StepName(Rollout rollout, EquatableArray<Step> steps) => rollout switch
    {
        { Phase: RolloutPhase.Baking } => $"bake {rollout.WeightPercent}%",
        { Phase: RolloutPhase.Reverting } => "revert",
        { StepIndex: var index } when index < steps.Count => steps[index].ToString(),
        _ => "promotion",
    };

    private static TrackAnswersStatus? Answers(TrackAnswers track) => track == new TrackAnswers() ? null : new()
    {
        Ttft = Quantiles(track.Ttft),
        TimePerOutputToken = Quantiles(track.TimePerOutputToken),
        OutputTokens = Quantiles(track.OutputTokens),
    };

    private static QuantilesStatus? Quantiles(AnswerQuantiles? known) => known is null ? null : new() { Answers = known.Answers, P50 = known.P50, P95 = known.P95 };

    private static TrackEvidence Counts(TrackCounts counts) => new()
    {
        Requests = counts.Requests,
        Errors = counts.Errors,
        SlowTtft = NullIfEmpty(counts.SlowTtft),
        Units = NullIfZero(counts.Units),
        SlowTimePerOutputToken = NullIfEmpty(counts.SlowTimePerOutputToken),
        LongOutput = NullIfEmpty(counts.LongOutput),
        Costly = NullIfEmpty(counts.Costly),
        Blocked = NullIfZero(counts.Blocked),
        NegativeFeedback = NullIfZero(counts.NegativeFeedback),
        OverLimit = NullIfEmpty(counts.OverLimit.Select(limit => new OverLimitStatus { Key = limit.Key, Over = limit.Over, Of = limit.Of })),
        RenderFailures = NullIfZero(counts.RenderFailures),
        Unauthorized = NullIfZero(counts.Unauthorized),
    };

    private static CapacityStatus Capacity(CapacityChoice choice) => new()
    {
        Plan = choice.Plan.ToString(),
        Fits = choice.Fits,
        GpusPerReplica = choice.GpusPerReplica,
        SurgeReplicas = choice.SurgeReplicas,
        GivenPerReplica = choice.GivenPerReplica,
        GivenReplicas = choice.Given,
        Message = Excerpt.Of(choice.Message, LongestMessage),
        Time = choice.At,
    };

    private static HistoryEntry Record(FinishedRollout finished) => new()
    {
        Id = finished.Id,
        Release = finished.ReleaseHash,
        Outcome = finished.Outcome.ToString(),
        Reason = finished.Reason,
        Message = Excerpt.Of(finished.Message, LongestMessage),
        StartedAt = finished.StartedAt,
        FinishedAt = finished.FinishedAt,
        MaxWeight = finished.MaxWeight,
        CandidateRequests = finished.CandidateRequests,
        TimeToDetect = finished.TimeToDetect,
        TimeToRevert = finished.TimeToRevert,
        Actor = finished.Actor,
        Record = finished.Record,
    };

    // Most of the counts are 0 most of the time: left out, a status with many rows stays small.
    private static long? NullIfZero(long count) => count == 0 ? null : count;

    public static ActionRecord Action(HandledAction action) => new()
    {
        Id = action.Id,
        Name = action.Name,
        Action = action.Kind.ToString(),
        Outcome = action.Outcome.ToString(),
        Message = Excerpt.Of(action.Message, LongestMessage),
        By = action.By,
        Time = action.At,
    };

    private static T[]? NullIfEmpty<T>(IEnumerable<T> items) => items.ToArray() is { Length: > 0 } list ? list : null;
}
