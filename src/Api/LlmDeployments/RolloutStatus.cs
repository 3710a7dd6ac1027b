using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>A rollout: where it is, since when, until when, and why.</summary>
public sealed record RolloutStatus
{
    /// <summary>Identifies the rollout; also the salt of the sticky split.</summary>
    [Size(Max = 64)]
    public required string Id { get; init; }

    /// <summary>Release that is tried.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Release that it is compared with; absent for a first release.</summary>
    [Size(Max = 64)]
    public string? StableRelease { get; init; }

    /// <summary>Generation of the spec that asked for it.</summary>
    public long? Generation { get; init; }

    /// <summary>Who wrote that spec, by the field manager of the write, such as <c>argocd-controller (Apply)</c>; absent where it is not known.</summary>
    [Size(Max = 256)]
    public string? Actor { get; init; }

    /// <summary>Starting, Stepping, Promoting, Baking, Reverting, Promoted, Reverted or Superseded.</summary>
    [Size(Max = 64)]
    public required string Phase { get; init; }

    /// <summary>Index of the step, from 0; the number of steps when all are done.</summary>
    public int? Step { get; init; }

    /// <summary>Number of steps of the rollout.</summary>
    public int? Steps { get; init; }

    /// <summary>The step in words, such as <c>gate support-quality</c> or <c>weight 25%</c>.</summary>
    [Size(Max = 320)]
    public string? StepName { get; init; }

    /// <summary>Counts the changes of weight; gateways tag each request with it.</summary>
    public int? WeightEpoch { get; init; }

    /// <summary>Highest weight that the candidate had in this rollout, in per cent. Its pods are not scaled below it while the rollout runs.</summary>
    public int? MaxWeight { get; init; }

    /// <summary>Replicas that stable needed when the candidate first got traffic; an autoscaler does not take it below them while the rollout runs. Absent where none scales.</summary>
    public int? StableFloor { get; init; }

    /// <summary>Why the candidate goes, as a word, while the phase is Reverting.</summary>
    [Size(Max = 128)]
    public string? RevertReason { get; init; }

    /// <summary>Why the candidate goes, in a sentence with the numbers, while the phase is Reverting.</summary>
    [Size(Max = 2048)]
    public string? RevertMessage { get; init; }

    /// <summary>Release (default) tries a release through all steps; Rollback goes back to one that was promoted once.</summary>
    [Size(Max = 32)]
    public string? Kind { get; init; }

    /// <summary>Who promoted it by a RolloutAction; absent where nobody did.</summary>
    [Size(Max = 600)]
    public string? PromotedBy { get; init; }

    /// <summary>Attempt of the gate of the step, from 1. No longer written: read where an operator before gateAttempts wrote it.</summary>
    public int? GateAttempt { get; init; }

    /// <summary>Gates that are at a later attempt than their first.</summary>
    [Size(Max = 40)]
    public IReadOnlyList<GateAttemptStatus>? GateAttempts { get; init; }

    /// <summary>When the rollout started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the step started. Survives restarts of the operator, so no step gets shorter.</summary>
    public DateTimeOffset? StepStartedAt { get; init; }

    /// <summary>When the weight of the step was reached; its hold counts from here.</summary>
    public DateTimeOffset? HoldStartedAt { get; init; }

    /// <summary>When the step fails if nothing moves.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>How the candidate gets its GPUs, with the numbers; absent where it runs on stable's pods.</summary>
    public CapacityStatus? Capacity { get; init; }

    /// <summary>How far the candidate's first pod is: Scheduling, ImagePull, Load or WarmUp; absent where none is starting.</summary>
    [Size(Max = 32)]
    public string? StartPhase { get; init; }

    /// <summary>Since when it is there; the deadline of the phase counts from here.</summary>
    public DateTimeOffset? StartPhaseSince { get; init; }

    /// <summary>What it waits for, one of the reasons of the conditions.</summary>
    [Size(Max = 128)]
    public string? Reason { get; init; }

    /// <summary>What it waits for, or why it ended, in a sentence with the numbers.</summary>
    [Size(Max = 2048)]
    public string? Message { get; init; }

    /// <summary>Verdicts of gates, of live tests and of checks, newest last.</summary>
    [Size(Max = 100)]
    public IReadOnlyList<VerdictStatus>? Verdicts { get; init; }

    /// <summary>Counts of the live tests per gateway process and weight epoch, so that a restart of either loses nothing.</summary>
    [Size(Max = 200)]
    public IReadOnlyList<EvidenceStatus>? Evidence { get; init; }

    /// <summary>What answers were like lately, for people to see: nothing is decided by it. Written together with the counts; only gateways tell it.</summary>
    public RecentAnswersStatus? RecentAnswers { get; init; }

    /// <summary>What engines had counted when their counting began at the present weight, so that a restart of the operator counts no request twice.</summary>
    [Size(Max = 200)]
    public IReadOnlyList<CounterStatus>? Baselines { get; init; }

    /// <summary>When the evidence was last written here; it is written at most every 10 seconds.</summary>
    public DateTimeOffset? EvidenceSavedAt { get; init; }

    /// <summary>Since when it has its reason.</summary>
    public DateTimeOffset? ReasonSince { get; init; }

    /// <summary>When the first bad event of the candidate was seen: an error, a block, a bad rating, a failed check, or an answer slower, longer or dearer than stable's p99.</summary>
    public DateTimeOffset? FirstBadAt { get; init; }

    /// <summary>When its end was decided.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>When the rollout ended; absent while it runs.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What happened, oldest first. Of repeated entries the oldest are dropped first.</summary>
    [Size(Max = 60)]
    public IReadOnlyList<TimelineEntry>? Timeline { get; init; }

    /// <summary>Stages with their times, in the order in which they were gone through.</summary>
    [Size(Max = 60)]
    public IReadOnlyList<StepTimeStatus>? StepTimes { get; init; }

    /// <summary>What the live tests went by when it ended.</summary>
    [Size(Max = 40)]
    public IReadOnlyList<RuleStatus>? Rules { get; init; }

    /// <summary>Counts of the present weight epoch as they were 1, 2, 4, … minutes after its hold began: where tests start anew that look for a candidate that turns bad late.</summary>
    [Size(Max = 10)]
    public IReadOnlyList<EvidenceOnsetStatus>? EvidenceOnsets { get; init; }

    /// <summary>How long the step was expected to take still when the evidence was last written, from the traffic so far and rounded up; absent while the traffic tells nothing.</summary>
    public Duration? PredictedWait { get; init; }

    /// <summary>Checks of live metrics: failing samples in a row, so that a restart of the operator forgets none.</summary>
    [Size(Max = 10)]
    public IReadOnlyList<CheckStatus>? Checks { get; init; }

    /// <summary>Whether it has ended, one way or another.</summary>
    public bool IsOver() => Phase is "Promoted" or "Reverted" or "Superseded";
}

/// <summary>Where a check of live metrics is.</summary>
public sealed record CheckStatus
{
    /// <summary>Name of the check.</summary>
    [Size(Max = 63)]
    public required string Name { get; init; }

    /// <summary>Of the newest sample: Pass, Fail, Inconclusive, NoData or ProviderError.</summary>
    [Size(Max = 32)]
    public required string Verdict { get; init; }

    /// <summary>Failing samples in a row. A Pass sets it to 0; samples that say nothing leave it as it is.</summary>
    public int Failures { get; init; }

    /// <summary>The sample that verdict or count last changed with.</summary>
    [Size(Max = 64)]
    public required string Sample { get; init; }

    /// <summary>When that sample was asked for.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Its numbers, or why there are none.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }
}

/// <summary>How the candidate gets its GPUs. Chosen when the rollout starts.</summary>
public sealed record CapacityStatus
{
    /// <summary>Surge, TakeFromStable or Recreate; Auto while nothing fits.</summary>
    [Size(Max = 32)]
    public required string Plan { get; init; }

    /// <summary>Whether there was room when it was chosen.</summary>
    public required bool Fits { get; init; }

    /// <summary>GPUs of one replica of the candidate.</summary>
    public required int GpusPerReplica { get; init; }

    /// <summary>Most replicas of the candidate beside all of stable's; absent for no limit.</summary>
    public int? SurgeReplicas { get; init; }

    /// <summary>Stable replicas that make room for one of the candidate.</summary>
    public int? GivenPerReplica { get; init; }

    /// <summary>Stable replicas given up so far.</summary>
    public int? GivenReplicas { get; init; }

    /// <summary>Why this plan, with the numbers.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>When it was chosen.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>How often a gate of a step was tried.</summary>
public sealed record GateAttemptStatus
{
    /// <summary>Index of the step.</summary>
    public required int Step { get; init; }

    /// <summary>Name of the EvalGate.</summary>
    [Size(Max = 253)]
    public required string Gate { get; init; }

    /// <summary>The present attempt, from 2.</summary>
    public required int Attempt { get; init; }
}

/// <summary>A verdict and the numbers that made it.</summary>
public sealed record VerdictStatus
{
    /// <summary>Index of the step.</summary>
    public required int Step { get; init; }

    /// <summary>What was tested: <c>gate/NAME</c>, <c>live/errors</c>, <c>live/ttft</c> or <c>check/NAME</c>.</summary>
    [Size(Max = 320)]
    public required string Name { get; init; }

    /// <summary>Pass, Fail, Inconclusive, NoData or ProviderError.</summary>
    [Size(Max = 32)]
    public required string Verdict { get; init; }

    /// <summary>The numbers in words.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>When the verdict was first seen.</summary>
    public DateTimeOffset? Time { get; init; }
}
