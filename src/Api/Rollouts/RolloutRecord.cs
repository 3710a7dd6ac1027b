using System.Text.Json.Serialization.Metadata;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>
/// All that is to be known of one rollout that ended: what was tried against what, each step with its times, each verdict with its numbers, and how it came
/// out. Written once by the operator, never changed, kept as long as its LlmDeployment.
/// </summary>
[CustomResource("rolloutrecord", "record")]
[PrinterColumn("Deployment", "string", ".spec.deployment")]
[PrinterColumn("Release", "string", ".spec.candidate.release")]
[PrinterColumn("Outcome", "string", ".spec.outcome")]
[PrinterColumn("Reason", "string", ".spec.reason")]
[PrinterColumn("Requests", "integer", ".spec.candidateRequests", Description = "Requests that the candidate was exposed to")]
[PrinterColumn("Detect", "string", ".spec.timeToDetect", Description = "From the first bad event to the decision to revert")]
[PrinterColumn("Revert", "string", ".spec.timeToRevert", Description = "From the decision to revert to weight 0")]
[PrinterColumn("Finished", "date", ".spec.finishedAt")]
[PrinterColumn("Actor", "string", ".spec.actor", Priority = 1)]
[PrinterColumn("Message", "string", ".spec.message", Priority = 1)]
public sealed record RolloutRecord : IResource<RolloutRecord>
{
    public static ResourceKind ResourceKind { get; } = new(ApiGroup.Name, ApiGroup.Version, "RolloutRecord", "rolloutrecords");

    public static JsonTypeInfo<RolloutRecord> JsonType => ApiJson.Default.RolloutRecord;

    public static JsonTypeInfo<ResourceList<RolloutRecord>> JsonListType => ApiJson.Default.ResourceListRolloutRecord;

    public string? ApiVersion { get; init => field = value ?? ApiGroup.ApiVersion; } = ApiGroup.ApiVersion;

    public string? Kind { get; init => field = value ?? "RolloutRecord"; } = "RolloutRecord";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What happened in the rollout. It never changes.</summary>
    [CelRule("self == oldSelf", "a RolloutRecord says what was: it never changes")]
    public required RolloutRecordSpec Spec { get; init; }

    public RolloutRecord WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What happened in a rollout.</summary>
public sealed record RolloutRecordSpec
{
    /// <summary>Name of the LlmDeployment.</summary>
    [Size(Min = 1, Max = 253)]
    public required string Deployment { get; init; }

    /// <summary>Id of the rollout, as in status.rollout.id and status.history of the LlmDeployment.</summary>
    [Size(Min = 1, Max = 64)]
    public required string Rollout { get; init; }

    /// <summary>Promoted, Reverted or Superseded.</summary>
    [Size(Min = 1, Max = 64)]
    public required string Outcome { get; init; }

    /// <summary>Why, as a word.</summary>
    [Size(Max = 128)]
    public required string Reason { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>Generation of the spec that asked for the release.</summary>
    public long? Generation { get; init; }

    /// <summary>Rollback where a person asked for a past release; absent where the spec asked for the release.</summary>
    [Size(Max = 32)]
    public string? Kind { get; init; }

    /// <summary>Who wrote that spec, by the field manager of the write, such as <c>argocd-controller (Apply)</c>; absent where it is not known.</summary>
    [Size(Max = 256)]
    public string? Actor { get; init; }

    /// <summary>Who asked to promote it without its remaining steps; absent where nobody did.</summary>
    [Size(Max = 600)]
    public string? PromotedBy { get; init; }

    /// <summary>The release that was tried.</summary>
    public required RecordedRelease Candidate { get; init; }

    /// <summary>The release that it was compared with; absent for a first release.</summary>
    public RecordedRelease? Stable { get; init; }

    /// <summary>When the rollout started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When its end was decided.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>When it ended: the candidate is stable, or has no weight any more.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>When the first bad event of the candidate was counted; absent without any.</summary>
    public DateTimeOffset? FirstBadAt { get; init; }

    /// <summary>From the first bad event to the decision to revert; absent where there was neither.</summary>
    public Duration? TimeToDetect { get; init; }

    /// <summary>From the decision to revert to weight 0 in the status that gateways follow; absent where there was no weight to take. 0s where one write did both.</summary>
    public Duration? TimeToRevert { get; init; }

    /// <summary>Highest weight that the candidate had, in per cent.</summary>
    public required int MaxWeight { get; init; }

    /// <summary>Requests of users that were assigned to the candidate.</summary>
    public required long CandidateRequests { get; init; }

    /// <summary>Where its GPUs came from, with the numbers; absent where it was not worked out.</summary>
    public CapacityStatus? Capacity { get; init; }

    /// <summary>Stages with their times and weights, in the order in which they were gone through; last the steps that were never reached, without times.</summary>
    [Size(Max = 80)]
    public IReadOnlyList<StepTimeStatus>? Steps { get; init; }

    /// <summary>Verdicts of gates and of live tests with the numbers that made them, oldest first.</summary>
    [Size(Max = 100)]
    public IReadOnlyList<VerdictStatus>? Verdicts { get; init; }

    /// <summary>Runs of gates in this rollout, oldest first.</summary>
    [Size(Max = 100)]
    public IReadOnlyList<RecordedEvaluation>? Evaluations { get; init; }

    /// <summary>What people asked for while it ran, oldest first.</summary>
    [Size(Max = 40)]
    public IReadOnlyList<ActionRecord>? Actions { get; init; }

    /// <summary>Counts of live traffic at each weight, over all gateways.</summary>
    [Size(Max = 200)]
    public IReadOnlyList<EvidenceStatus>? Evidence { get; init; }

    /// <summary>What the live tests went by.</summary>
    [Size(Max = 40)]
    public IReadOnlyList<RuleStatus>? Rules { get; init; }

    /// <summary>What happened, oldest first.</summary>
    [Size(Max = 60)]
    public IReadOnlyList<TimelineEntry>? Timeline { get; init; }

    /// <summary>Version of the operator that wrote the record.</summary>
    [Size(Max = 64)]
    public string? OperatorVersion { get; init; }
}

/// <summary>A release as it was. What is not known any more (its snapshot was deleted) is absent.</summary>
public sealed record RecordedRelease
{
    /// <summary>Hash of the whole release.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Hash of what needs pods.</summary>
    [Size(Max = 64)]
    public string? ServingHash { get; init; }

    /// <summary>Hash of what does not.</summary>
    [Size(Max = 64)]
    public string? PromptHash { get; init; }

    /// <summary>Where its model came from, such as <c>hf://acme/support-7b</c>.</summary>
    [Size(Max = 512)]
    public string? Model { get; init; }

    /// <summary>Revision of the model; absent where the spec named none.</summary>
    [Size(Max = 128)]
    public string? Revision { get; init; }

    /// <summary>Engine that it ran on, such as vLLM.</summary>
    [Size(Max = 32)]
    public string? Engine { get; init; }

    /// <summary>Container image of the engine.</summary>
    [Size(Max = 512)]
    public string? Image { get; init; }

    /// <summary>Name of the PromptVersion; absent where the release has none.</summary>
    [Size(Max = 253)]
    public string? Prompt { get; init; }

    /// <summary>What differs from stable, one line each.</summary>
    [Size(Max = 32)]
    public IReadOnlyList<string>? Changes { get; init; }
}

/// <summary>A gate run of a rollout. Its EvalRun goes with the history of the LlmDeployment; what it found stays here.</summary>
public sealed record RecordedEvaluation
{
    /// <summary>Name of the EvalRun.</summary>
    [Size(Max = 253)]
    public required string Run { get; init; }

    /// <summary>Name of the EvalGate.</summary>
    [Size(Max = 253)]
    public required string Gate { get; init; }

    /// <summary>Hash of the gate's content.</summary>
    [Size(Max = 64)]
    public required string GateHash { get; init; }

    /// <summary>Who judged, one for each scorer of type judge; absent without one.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<RecordedJudge>? Judges { get; init; }

    /// <summary>Digest of the data set.</summary>
    [Size(Max = 80)]
    public string? DatasetDigest { get; init; }

    /// <summary>Pass, Fail, Inconclusive, NoData or ProviderError; absent where the rollout ended before it.</summary>
    [Size(Max = 32)]
    public string? Verdict { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 4096)]
    public string? Message { get; init; }

    /// <summary>Cases that were scored.</summary>
    public int? Cases { get; init; }

    /// <summary>Tokens that the run spent, those of its judges included.</summary>
    public long? Tokens { get; init; }

    /// <summary>Scores of the candidate and of the baseline, one entry for each metric.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<MetricScore>? Scores { get; init; }

    /// <summary>Outcome of each criterion.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<CriterionResult>? Criteria { get; init; }
}

/// <summary>A release that scored in a gate run.</summary>
public sealed record RecordedJudge
{
    /// <summary>Name of the scorer.</summary>
    [Size(Max = 63)]
    public required string Scorer { get; init; }

    /// <summary>Name of the LlmDeployment that judged.</summary>
    [Size(Max = 253)]
    public required string Deployment { get; init; }

    /// <summary>Hash of what served there.</summary>
    [Size(Max = 64)]
    public required string ServingHash { get; init; }

    /// <summary>Name of the PromptVersion that it judged by.</summary>
    [Size(Max = 253)]
    public required string Prompt { get; init; }

    /// <summary>Hash of that prompt's content.</summary>
    [Size(Max = 80)]
    public required string PromptHash { get; init; }
}
