using LlmOps.Api;
using LlmOps.Evidence;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>From status to the rollout engine's state. The way back is <c>Applying/StatusBuilder</c>; together they lose nothing.</summary>
internal static class RolloutStateReader
{
    public static RolloutState Read(LlmDeploymentStatus? status) => status is null ? RolloutState.Initial : new RolloutState
    {
        Stable = Release(status.Stable),
        Candidate = Release(status.Candidate),
        Current = status.Rollout is { } rollout ? Rollout(rollout, status.Candidate) : null,
        Previous = status.PreviousRollout is { } previous ? Rollout(previous, null) : null,
        Failed = (status.FailedReleases ?? []).Select(failed => new LockedRelease(failed.Release, failed.Reason, failed.Message, failed.Time)).ToEquatableArray(),
        Retiring = (status.Retiring ?? []).Select(retiring => new RetiringPods(retiring.ServingHash, retiring.Replicas, retiring.Until, retiring.Deadline)).ToEquatableArray(),
        History = (status.History ?? []).Select(Finished).ToEquatableArray(),
        PausedBy = status.PausedBy,
        Actions = (status.Actions ?? []).Select(Action).ToEquatableArray(),
        // The API server's default, of a spec that nobody has seen, is -1.
        ObservedGeneration = Math.Max(status.ObservedGeneration ?? 0, 0),
    };

    private static Release? Release(ReleaseStatus? release) =>
        release is null ? null : new(release.Release, release.ServingHash, release.PromptHash);

    private static Rollout Rollout(RolloutStatus rollout, ReleaseStatus? candidate) => new()
    {
        Id = rollout.Id,
        ReleaseHash = rollout.Release,
        StableHash = rollout.StableRelease,
        Generation = rollout.Generation ?? 0,
        Actor = rollout.Actor,
        // A phase that this version does not know was written by a newer one: over, as far as this one can tell.
        Phase = Enum.TryParse<RolloutPhase>(rollout.Phase, out var phase) ? phase : RolloutPhase.Superseded,
        StepIndex = rollout.Step ?? 0,
        // Without a candidate nothing has a share to change.
        WeightPercent = candidate?.Weight ?? 0,
        Mirror = candidate?.Mirror is { } mirror ? new MirrorSettings(mirror.Percent, mirror.MaxConcurrent) : null,
        WeightEpoch = rollout.WeightEpoch ?? 0,
        MaxWeight = rollout.MaxWeight ?? 0,
        StableFloor = rollout.StableFloor ?? 0,
        RevertReason = rollout.RevertReason,
        RevertMessage = rollout.RevertMessage,
        StartedAt = rollout.StartedAt ?? DateTimeOffset.UnixEpoch,
        StepStartedAt = rollout.StepStartedAt ?? rollout.StartedAt ?? DateTimeOffset.UnixEpoch,
        HoldStartedAt = rollout.HoldStartedAt,
        Kind = Enum.TryParse<RolloutKind>(rollout.Kind, out var kind) ? kind : RolloutKind.Release,
        PromotedBy = rollout.PromotedBy,
        GateAttempts = GateAttempts(rollout).ToEquatableArray(),
        Verdicts = (rollout.Verdicts ?? []).Select(Verdict).ToEquatableArray(),
        Evidence = EvidenceReading.Rows(rollout),
        Baselines = (rollout.Baselines ?? []).Select(baseline => new CounterBaseline(baseline.Process, baseline.Epoch, baseline.Requests, baseline.Errors)).ToEquatableArray(),
        EvidenceSavedAt = rollout.EvidenceSavedAt,
        RecentAnswers = rollout.RecentAnswers is { } recent ? new(Answers(recent.Stable), Answers(recent.Candidate)) : null,
        Onsets = EvidenceReading.Onsets(rollout),
        PredictedWait = rollout.PredictedWait?.Value,
        Checks = (rollout.Checks ?? []).Select(Check).ToEquatableArray(),
        Capacity = rollout.Capacity is { } room ? Capacity(room) : null,
        Start = rollout is { StartPhase: { } word, StartPhaseSince: { } since } && Enum.TryParse<StartPhase>(word, out var start) ? new(start, since) : null,
        Reason = rollout.Reason ?? string.Empty,
        Message = rollout.Message ?? string.Empty,
        ReasonSince = rollout.ReasonSince,
        FirstBadAt = rollout.FirstBadAt,
        DecidedAt = rollout.DecidedAt,
        FinishedAt = rollout.FinishedAt,
        Timeline = (rollout.Timeline ?? []).Select(entry => new Moment(entry.Time, entry.Reason, entry.Step, entry.Weight, entry.Message)).ToEquatableArray(),
        StepTimes = (rollout.StepTimes ?? []).Select(time => new StepTime(time.Step, time.Name, time.Weight, time.StartedAt, time.EndedAt)).ToEquatableArray(),
        Rules = (rollout.Rules ?? []).Select(rule => new Rule(rule.Name, rule.Value)).ToEquatableArray(),
    };

    private static TrackAnswers Answers(TrackAnswersStatus? track) => new(Quantiles(track?.Ttft), Quantiles(track?.TimePerOutputToken), Quantiles(track?.OutputTokens));

    private static AnswerQuantiles? Quantiles(QuantilesStatus? known) => known is null ? null : new(known.Answers, known.P50, known.P95);

    /// <summary>A plan that this version does not know is no plan: one is chosen again while nothing has requests.</summary>
    private static CapacityChoice? Capacity(CapacityStatus room) => Enum.TryParse<CapacityPlan>(room.Plan, out var plan)
        ? new(plan, room.Fits, room.SurgeReplicas, Math.Max(1, room.GivenPerReplica ?? 1), room.GivenReplicas ?? 0, room.GpusPerReplica, room.Message, room.Time)
        : null;

    /// <summary>Operators before <c>gateAttempts</c> kept one number, for the one gate that a step had then.</summary>
    private static IEnumerable<GateAttempt> GateAttempts(RolloutStatus rollout)
    {
        const string Gate = "gate ";
        if (rollout is { GateAttempts: null, GateAttempt: > 1 and var attempt, Step: { } step, StepName: { } name } && name.StartsWith(Gate, StringComparison.Ordinal))
            return [new(step, name[Gate.Length..], attempt)];
        return (rollout.GateAttempts ?? []).Select(gate => new GateAttempt(gate.Step, gate.Gate, gate.Attempt));
    }

    private static HandledAction Action(ActionRecord action) => new(
        action.Id,
        action.Name,
        Enum.TryParse<ActionKind>(action.Action, out var kind) ? kind : ActionKind.Pause,
        Enum.TryParse<ActionOutcome>(action.Outcome, out var outcome) ? outcome : ActionOutcome.Refused,
        action.Message,
        action.By,
        action.Time);

    private static VerdictRecord Verdict(VerdictStatus verdict) =>
        new(verdict.Step, verdict.Name, Verdict(verdict.Verdict), verdict.Message, verdict.Time ?? DateTimeOffset.UnixEpoch);

    private static CheckState Check(CheckStatus check) =>
        new(check.Name, Verdict(check.Verdict), check.Failures, check.Sample, check.Time ?? DateTimeOffset.UnixEpoch, check.Message);

    private static Verdict Verdict(string text) => Enum.TryParse<Verdict>(text, out var verdict) ? verdict : Rollouts.Verdict.NoData;

    private static FinishedRollout Finished(HistoryEntry record) => new(
        record.Id,
        record.Release,
        Enum.TryParse<RolloutPhase>(record.Outcome, out var outcome) ? outcome : RolloutPhase.Superseded,
        record.Reason,
        record.Message,
        record.StartedAt,
        record.FinishedAt,
        record.MaxWeight,
        record.CandidateRequests,
        record.TimeToDetect,
        record.TimeToRevert,
        record.Actor,
        record.Record);
}
