namespace LlmOps.Rollouts;

/// <summary>Where a rollout is, since when, and why.</summary>
public sealed record Rollout
{
    public const int MaxVerdicts = 100;
    public const int MaxMoments = 60;
    public const int MaxStepTimes = 60;
    public const int MaxEvidenceRows = 200;
    public const int MaxGateAttempts = 40;

    /// <summary>8 hexadecimal characters; also the salt of the sticky split.</summary>
    public required string Id { get; init; }

    /// <summary>Release that is tried.</summary>
    public required string ReleaseHash { get; init; }

    /// <summary>Release that it is compared with; null for a first release.</summary>
    public string? StableHash { get; init; }

    /// <summary>Generation of the spec that asked for it.</summary>
    public long Generation { get; init; }

    /// <summary>Who wrote that spec; null where it is not known.</summary>
    public string? Actor { get; init; }

    public required RolloutPhase Phase { get; init; }

    /// <summary>Whether it has not ended yet.</summary>
    public bool IsRunning => Phase is not (RolloutPhase.Promoted or RolloutPhase.Reverted or RolloutPhase.Superseded);

    public RolloutKind Kind { get; init; }

    /// <summary>Who promoted it by an action: all steps but gates are skipped. Null where nobody did.</summary>
    public string? PromotedBy { get; init; }

    /// <summary>Index of the step, from 0; the number of steps once all are done.</summary>
    public int StepIndex { get; init; }

    /// <summary>The candidate's share of requests in per cent, 0 to 100; 0 once the rollout is over.</summary>
    public int WeightPercent { get; init; }

    /// <summary>How stable's requests are copied to the candidate; null while they are not. Only at weight 0.</summary>
    public MirrorSettings? Mirror { get; init; }

    /// <summary>Counts the changes of weight and mirror. Gateways tag each request with it.</summary>
    public int WeightEpoch { get; init; }

    /// <summary>Highest weight so far, in per cent; 100 once promoted. The candidate's pods are not scaled below it while the rollout runs.</summary>
    public int MaxWeight { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When the step started; its deadline counts from here.</summary>
    public required DateTimeOffset StepStartedAt { get; init; }

    /// <summary>When the weight of the step was set; null while the step waits for it. The hold counts from here. Behind a route also when a weight in between took effect.</summary>
    public DateTimeOffset? HoldStartedAt { get; init; }

    /// <summary>Attempts of gates, step by step; a gate that is missing is at its first.</summary>
    public EquatableArray<GateAttempt> GateAttempts { get; init; }

    /// <summary>Verdicts of gates, live tests and checks, newest last.</summary>
    public EquatableArray<VerdictRecord> Verdicts { get; init; }

    /// <summary>Counts of the live tests, per gateway process and weight epoch; over all gateways once it ended. May lag behind what was decided on by up to 10 s.</summary>
    public EquatableArray<EvidenceRow> Evidence { get; init; }

    public DateTimeOffset? EvidenceSavedAt { get; init; }

    /// <summary>What answers were like when the counts were last written; null where no gateway told it.</summary>
    public RecentAnswers? RecentAnswers { get; init; }

    /// <summary>Counts as they were at times within the present epoch.</summary>
    public EquatableArray<EvidenceOnset> Onsets { get; init; }

    /// <summary>How long the present hold was expected to take still when the counts were last written; null where that is unknown.</summary>
    public TimeSpan? PredictedWait { get; init; }

    /// <summary>Checks of live metrics, in the plan's order; those without a sample yet are left out.</summary>
    public EquatableArray<CheckState> Checks { get; init; }

    /// <summary>Where <see cref="CounterReading"/>s of the present weight epoch are counted from.</summary>
    public EquatableArray<CounterBaseline> Baselines { get; init; }

    /// <summary>Replicas that stable needed when the rollout first got weight; 0 where nothing autoscales. An autoscaler does not take stable below it while the rollout runs.</summary>
    public int StableFloor { get; init; }

    /// <summary>Why the candidate goes, as a word of <see cref="RolloutReasons"/>, while <see cref="RolloutPhase.Reverting"/>; null otherwise.</summary>
    public string? RevertReason { get; init; }

    /// <summary>The same in a sentence.</summary>
    public string? RevertMessage { get; init; }

    /// <summary>How the candidate gets room; null where that was not asked: on stable's pods, and before there were facts about it.</summary>
    public CapacityChoice? Capacity { get; init; }

    /// <summary>How far the candidate's first pod is; null before its pods were asked for, and once it answers.</summary>
    public StartProgress? Start { get; init; }

    /// <summary>What it waits for or why it ended, as a word of <see cref="RolloutReasons"/> or of the observation.</summary>
    public required string Reason { get; init; }

    /// <summary>The same in a sentence. Changes only when the wait does, so that a quiet reconcile writes nothing.</summary>
    public required string Message { get; init; }

    /// <summary>Since when it has its <see cref="Reason"/>.</summary>
    public DateTimeOffset? ReasonSince { get; init; }

    /// <summary>When the first bad event of the candidate was seen: an error, a block, a bad rating, a failed check, or an answer slower, longer or dearer than stable's p99. Null without any.</summary>
    public DateTimeOffset? FirstBadAt { get; init; }

    /// <summary>When its end was decided. Earlier than <see cref="FinishedAt"/> where stable had to get ready first.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>When it ended: the candidate is stable, or has no weight any more.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What happened, oldest first. Of repeated entries the oldest are dropped first.</summary>
    public EquatableArray<Moment> Timeline { get; init; }

    /// <summary>Stages with their times, in the order in which they were gone through.</summary>
    public EquatableArray<StepTime> StepTimes { get; init; }

    /// <summary>What the live tests went by when it ended.</summary>
    public EquatableArray<Rule> Rules { get; init; }

    /// <summary>Attempt of a gate in a step, from 1.</summary>
    public int AttemptOf(int stepIndex, string gate) =>
        GateAttempts.LastOrDefault(attempt => attempt.StepIndex == stepIndex && attempt.Gate == gate)?.Attempt ?? 1;
}

/// <summary>How often a gate of a step was tried.</summary>
/// <param name="Attempt">The present attempt, from 2.</param>
public sealed record GateAttempt(int StepIndex, string Gate, int Attempt);

/// <summary>What a rollout is for.</summary>
public enum RolloutKind
{
    /// <summary>Tries a release through all steps.</summary>
    Release,

    /// <summary>Goes back to a release that was promoted once: no steps, full size at once, promoted as soon as it is ready. The spec waits until it is over.</summary>
    Rollback,
}

/// <summary>What a process had counted when its counting began in a weight epoch.</summary>
public sealed record CounterBaseline(string Process, int Epoch, long Requests, long Errors);

/// <summary>Where a rollout is.</summary>
public enum RolloutPhase
{
    /// <summary>Waits for the candidate's first ready and warmed-up pod, at weight 0.</summary>
    Starting,

    /// <summary>Goes through the steps.</summary>
    Stepping,

    /// <summary>All steps are done; waits for the candidate to have the pods for all traffic.</summary>
    Promoting,

    /// <summary>The candidate has the pods and nearly all of the traffic; stable keeps its pods and the rest as a control group. Everything that reverts still does.</summary>
    Baking,

    /// <summary>The candidate goes; its weight falls as stable's pods get ready to carry it.</summary>
    Reverting,

    /// <summary>Over: the candidate is stable.</summary>
    Promoted,

    /// <summary>Over: stable serves alone.</summary>
    Reverted,

    /// <summary>Over: another release was asked for.</summary>
    Superseded,
}

/// <summary>A verdict and the numbers that made it.</summary>
/// <param name="Name"><c>gate/NAME</c>, <c>live/errors</c>, <c>live/ttft</c>, <c>check/NAME</c> or <c>approval</c>.</param>
/// <param name="At">When it was first seen.</param>
public sealed record VerdictRecord(int StepIndex, string Name, Verdict Verdict, string Message, DateTimeOffset At);
