using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>What is, written by the operator. Gateways route by it.</summary>
public sealed record LlmDeploymentStatus
{
    /// <summary>Generation of the spec that this status was worked out for.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Pending, Progressing, Healthy or Degraded.</summary>
    [Size(Max = 64)]
    public string? Phase { get; init; }

    /// <summary>Conditions: Ready, Progressing, Stalled, Degraded, GatePassed, MetricsAvailable, CapacityAvailable.</summary>
    [ListType("map", "type")]
    [Size(Max = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }

    /// <summary>The release that serves.</summary>
    public ReleaseStatus? Stable { get; init; }

    /// <summary>The release being tried; absent while none is.</summary>
    public ReleaseStatus? Candidate { get; init; }

    /// <summary>The rollout that runs, or the last one.</summary>
    public RolloutStatus? Rollout { get; init; }

    /// <summary>The rollout before, where its RolloutRecord is not known to be written yet.</summary>
    public RolloutStatus? PreviousRollout { get; init; }

    /// <summary>Releases that failed. They are not tried again until the spec changes.</summary>
    [Size(Max = 20)]
    public IReadOnlyList<FailedRelease>? FailedReleases { get; init; }

    /// <summary>Rollouts that ended, newest first.</summary>
    [Size(Max = 10)]
    public IReadOnlyList<HistoryEntry>? History { get; init; }

    /// <summary>Releases that no longer serve and whose pods are not gone yet.</summary>
    [Size(Max = 10)]
    public IReadOnlyList<RetiringRelease>? Retiring { get; init; }

    /// <summary>Who paused by a RolloutAction; absent while nobody does.</summary>
    [Size(Max = 600)]
    public string? PausedBy { get; init; }

    /// <summary>RolloutActions that were handled, oldest first. Written together with their effect, so that none is done twice.</summary>
    [Size(Max = 20)]
    public IReadOnlyList<ActionRecord>? Actions { get; init; }

    /// <summary>Replicas that exist, of both tracks; read by the scale subresource.</summary>
    public int? Replicas { get; init; }

    /// <summary>Replicas that are ready, of both tracks.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>Label selector of the pods, in text form; read by the scale subresource.</summary>
    [Size(Max = 1024)]
    public string? Selector { get; init; }
}

/// <summary>A release and how it serves.</summary>
public sealed record ReleaseStatus
{
    /// <summary>Hash of the whole release.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Hash of what needs pods: model, engine, resources, pod template.</summary>
    [Size(Max = 64)]
    public required string ServingHash { get; init; }

    /// <summary>Hash of what does not: prompt content, sampling parameters, artifacts.</summary>
    [Size(Max = 64)]
    public required string PromptHash { get; init; }

    /// <summary>Name of the PromptVersion; absent where the release has none.</summary>
    [Size(Max = 253)]
    public string? Prompt { get; init; }

    /// <summary>Model source.</summary>
    [Size(Max = 512)]
    public string? Model { get; init; }

    /// <summary>Model revision.</summary>
    [Size(Max = 128)]
    public string? Revision { get; init; }

    /// <summary>Name under which the engine serves the model: what the gateway puts into <c>model</c>.</summary>
    [Size(Max = 128)]
    public string? ServedName { get; init; }

    /// <summary>Engine type.</summary>
    [Size(Max = 32)]
    public string? Engine { get; init; }

    /// <summary>Engine image.</summary>
    [Size(Max = 512)]
    public string? Image { get; init; }

    /// <summary>Secret with the key that the engine asks for: what gateways send in place of the client's; absent where it asks for none.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>Service whose EndpointSlices list the pods.</summary>
    [Size(Max = 253)]
    public required string Service { get; init; }

    /// <summary>Share of requests in per cent, 0 to 100. Gateways follow it.</summary>
    public required int Weight { get; init; }

    /// <summary>Copies of stable's requests that the release gets while it has no share of them; absent where it gets none. Gateways follow it.</summary>
    public MirrorStatus? Mirror { get; init; }

    /// <summary>Replicas asked for.</summary>
    public int? Replicas { get; init; }

    /// <summary>Replicas that are ready.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>What differs from stable, one line each, such as <c>model.revision: v1 → v2</c>.</summary>
    [Size(Max = 32)]
    public IReadOnlyList<string>? Changes { get; init; }
}

/// <summary>Which of stable's requests are copied to the candidate. Users get stable's answers alone.</summary>
public sealed record MirrorStatus
{
    /// <summary>Share of stable's requests in per cent, 1 to 100.</summary>
    public required int Percent { get; init; }

    /// <summary>Copies that each gateway has running at one time; beyond it a request is not copied.</summary>
    public required int MaxConcurrent { get; init; }
}

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

    /// <summary>Number of steps.</summary>
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

    /// <summary>When it ended.</summary>
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

/// <summary>A RolloutAction that was handled.</summary>
public sealed record ActionRecord
{
    /// <summary>Uid of the RolloutAction.</summary>
    [Size(Max = 64)]
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    [Size(Max = 253)]
    public required string Name { get; init; }

    /// <summary>What it asked for.</summary>
    [Size(Max = 32)]
    public required string Action { get; init; }

    /// <summary>Applied or Refused.</summary>
    [Size(Max = 32)]
    public required string Outcome { get; init; }

    /// <summary>What was done, or why it was refused.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>Who asked, by the RolloutAction's own word.</summary>
    [Size(Max = 253)]
    public string? By { get; init; }

    /// <summary>When it was handled.</summary>
    public required DateTimeOffset Time { get; init; }
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

/// <summary>What one gateway process counted in one weight epoch.</summary>
public sealed record EvidenceStatus
{
    /// <summary>Identifies a start of a gateway process.</summary>
    [Size(Max = 64)]
    public required string Process { get; init; }

    /// <summary>Weight epoch of the assignment.</summary>
    public required int Epoch { get; init; }

    /// <summary>Candidate weight of the epoch in per cent.</summary>
    public required int Weight { get; init; }

    /// <summary>True where the candidate got copies of stable's requests.</summary>
    public bool? Mirrored { get; init; }

    /// <summary>True where an engine counted what it answered, by its own counters; absent where a gateway counted what it assigned.</summary>
    public bool? OfEngine { get; init; }

    /// <summary>Counts of stable.</summary>
    public required TrackEvidence Stable { get; init; }

    /// <summary>Counts of the candidate.</summary>
    public required TrackEvidence Candidate { get; init; }
}

/// <summary>Counts of a weight epoch, over all gateways, at a time within it.</summary>
public sealed record EvidenceOnsetStatus
{
    /// <summary>Weight epoch.</summary>
    public required int Epoch { get; init; }

    /// <summary>Which time, from 0: 2^number minutes after the hold began.</summary>
    public required int Number { get; init; }

    /// <summary>Counts of stable.</summary>
    public required TrackEvidence Stable { get; init; }

    /// <summary>Counts of the candidate.</summary>
    public required TrackEvidence Candidate { get; init; }
}

/// <summary>What one engine process had counted when its counting began in a weight epoch.</summary>
public sealed record CounterStatus
{
    /// <summary>Identifies a start of an engine process.</summary>
    [Size(Max = 64)]
    public required string Process { get; init; }

    /// <summary>Weight epoch that is counted.</summary>
    public required int Epoch { get; init; }

    /// <summary>Requests.</summary>
    public required long Requests { get; init; }

    /// <summary>Failed requests.</summary>
    public required long Errors { get; init; }
}

/// <summary>Counts of one track. Every count is by the release that a request was assigned to, whoever answered it.</summary>
public sealed record TrackEvidence
{
    /// <summary>Requests assigned.</summary>
    public long Requests { get; init; }

    /// <summary>Requests whose first attempt failed (5xx, connection, timeout, broken stream, empty answer), at most one per sticky unit.</summary>
    public long Errors { get; init; }

    /// <summary>Requests slower to their first token than each threshold taken from stable (p50, p75, p90, p95, p99), at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? SlowTtft { get; init; }

    /// <summary>Distinct sticky units assigned.</summary>
    public long? Units { get; init; }

    /// <summary>Requests with a longer time per output token than each threshold taken from stable (p50, p75, p90, p95, p99), at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? SlowTimePerOutputToken { get; init; }

    /// <summary>Answers with more output tokens than stable's p50, p90 and p99, at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? LongOutput { get; init; }

    /// <summary>Requests that cost more than stable's p50, p90 and p99, at most one per sticky unit and threshold.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<long>? Costly { get; init; }

    /// <summary>Answers that a guardrail blocked, at most one per sticky unit.</summary>
    public long? Blocked { get; init; }

    /// <summary>Answers that a user rated bad, at most one per sticky unit.</summary>
    public long? NegativeFeedback { get; init; }

    /// <summary>Counts against the absolute limits, those that were changed meanwhile included.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<OverLimitStatus>? OverLimit { get; init; }

    /// <summary>Requests whose prompt the candidate's template could not render, where stable's answer succeeded.</summary>
    public long? RenderFailures { get; init; }

    /// <summary>Requests that the engine refused as unauthorized, where stable's answer succeeded.</summary>
    public long? Unauthorized { get; init; }
}

/// <summary>How many requests broke one absolute limit.</summary>
public sealed record OverLimitStatus
{
    /// <summary>Metric and limit, such as <c>ttft:2</c> (seconds).</summary>
    [Size(Max = 64)]
    public required string Key { get; init; }

    /// <summary>Requests above the limit.</summary>
    public required long Over { get; init; }

    /// <summary>Requests that could have been.</summary>
    public required long Of { get; init; }
}

/// <summary>A release that failed and is locked.</summary>
public sealed record FailedRelease
{
    /// <summary>Hash of the release.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Why, as a word.</summary>
    [Size(Max = 128)]
    public required string Reason { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>One rollout that ended.</summary>
public sealed record HistoryEntry
{
    /// <summary>Identifies the rollout.</summary>
    [Size(Max = 64)]
    public required string Id { get; init; }

    /// <summary>Release that was tried.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Promoted, Reverted or Superseded.</summary>
    [Size(Max = 64)]
    public required string Outcome { get; init; }

    /// <summary>Why, as a word.</summary>
    [Size(Max = 128)]
    public required string Reason { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>Highest weight that the candidate had, in per cent.</summary>
    public required int MaxWeight { get; init; }

    /// <summary>Requests that were assigned to the candidate.</summary>
    public required long CandidateRequests { get; init; }

    /// <summary>From the first bad event to the decision to revert; absent where there was neither.</summary>
    public Duration? TimeToDetect { get; init; }

    /// <summary>From the decision to revert to weight 0; absent where there was no weight to take.</summary>
    public Duration? TimeToRevert { get; init; }

    /// <summary>Who asked for the release, by the field manager of the write; absent where it is not known.</summary>
    [Size(Max = 256)]
    public string? Actor { get; init; }

    /// <summary>Name of its RolloutRecord; absent until that is known to be written.</summary>
    [Size(Max = 253)]
    public string? Record { get; init; }
}

/// <summary>A release whose pods are kept warm or drain.</summary>
public sealed record RetiringRelease
{
    /// <summary>Serving hash of the pods.</summary>
    [Size(Max = 64)]
    public required string ServingHash { get; init; }

    /// <summary>Replicas that are kept until then.</summary>
    public required int Replicas { get; init; }

    /// <summary>When the pods may go at the earliest; they stay while the engine has requests in flight, up to the deadline.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>When the pods go whatever they still answer; absent where that is the same time.</summary>
    public DateTimeOffset? Deadline { get; init; }
}
