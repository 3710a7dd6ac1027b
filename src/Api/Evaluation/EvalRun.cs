using System.Text.Json.Serialization.Metadata;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>One execution of a gate with its evidence. Written by the operator.</summary>
[CustomResource("evalrun")]
[PrinterColumn("Gate", "string", ".spec.gate")]
[PrinterColumn("Deployment", "string", ".spec.deployment")]
[PrinterColumn("Release", "string", ".spec.candidate.release")]
[PrinterColumn("Phase", "string", ".status.phase")]
[PrinterColumn("Verdict", "string", ".status.verdict")]
[PrinterColumn("Cases", "integer", ".status.cases")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn("Message", "string", ".status.message", Priority = 1)]
public sealed record EvalRun : IResource<EvalRun>
{
    public static ResourceKind ResourceKind { get; } = new(ApiGroup.Name, ApiGroup.Version, "EvalRun", "evalruns");

    public static JsonTypeInfo<EvalRun> JsonType => ApiJson.Default.EvalRun;

    public static JsonTypeInfo<ResourceList<EvalRun>> JsonListType => ApiJson.Default.ResourceListEvalRun;

    public string? ApiVersion { get; init => field = value ?? ApiGroup.ApiVersion; } = ApiGroup.ApiVersion;

    public string? Kind { get; init => field = value ?? "EvalRun"; } = "EvalRun";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What is run. Immutable.</summary>
    [CelRule("self == oldSelf", "an EvalRun never changes: the operator makes a new one")]
    public required EvalRunSpec Spec { get; init; }

    /// <summary>What came out of the run, written by the operator and the evaluator.</summary>
    public EvalRunStatus? Status { get; init; }

    public EvalRun WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What is run.</summary>
public sealed record EvalRunSpec
{
    /// <summary>Name of the EvalGate.</summary>
    [Size(Min = 1, Max = 253)]
    public required string Gate { get; init; }

    /// <summary>Hash of the gate's spec when the run was made; a run of another gate content opens nothing.</summary>
    [Size(Min = 1, Max = 64)]
    public required string GateHash { get; init; }

    /// <summary>Name of the LlmDeployment.</summary>
    [Size(Min = 1, Max = 253)]
    public required string Deployment { get; init; }

    /// <summary>Rollout that asked for it; absent where a person did, by the RolloutAction that owns the run.</summary>
    [Size(Min = 1, Max = 64)]
    public string? Rollout { get; init; }

    /// <summary>The release under test.</summary>
    public required EvalTarget Candidate { get; init; }

    /// <summary>The release that serves; absent where there is none yet or no criterion compares.</summary>
    public EvalTarget? Baseline { get; init; }

    /// <summary>Who judges, one for each scorer of type judge; absent without one. A run by another judge or another content of its prompt opens nothing.</summary>
    [ListType("map", "scorer")]
    [Size(Max = 16)]
    public IReadOnlyList<EvalJudge>? Judges { get; init; }
}

/// <summary>A release to send cases to.</summary>
public sealed record EvalTarget
{
    /// <summary>Hash of the release.</summary>
    [Size(Min = 1, Max = 64)]
    public required string Release { get; init; }

    /// <summary>Base URL of its Service, such as <c>http://support-bot-3f2a.default.svc:8000</c>.</summary>
    [Size(Min = 1, Max = 512)]
    public required string Url { get; init; }

    /// <summary>Model name that the engine serves.</summary>
    [Size(Min = 1, Max = 253)]
    public required string ServedName { get; init; }

    /// <summary>Name of the PromptVersion; absent where the release has none.</summary>
    [Size(Max = 253)]
    public string? Prompt { get; init; }

    /// <summary>Secret that holds the engine's API key; absent where it has none.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }
}

/// <summary>A release that scores.</summary>
public sealed record EvalJudge
{
    /// <summary>Name of the scorer.</summary>
    [Size(Min = 1, Max = 63)]
    public required string Scorer { get; init; }

    /// <summary>Name of the LlmDeployment that judges.</summary>
    [Size(Min = 1, Max = 253)]
    public required string Deployment { get; init; }

    /// <summary>Hash of what serves there: model, engine, resources, pod template. Its own prompt is not used.</summary>
    [Size(Min = 1, Max = 64)]
    public required string ServingHash { get; init; }

    /// <summary>Base URL of its Service.</summary>
    [Size(Min = 1, Max = 512)]
    public required string Url { get; init; }

    /// <summary>Model name that the engine serves.</summary>
    [Size(Min = 1, Max = 128)]
    public required string ServedName { get; init; }

    /// <summary>Name of the PromptVersion that it judges by.</summary>
    [Size(Min = 1, Max = 253)]
    public required string Prompt { get; init; }

    /// <summary>Hash of that prompt's content.</summary>
    [Size(Min = 1, Max = 80)]
    public required string PromptHash { get; init; }

    /// <summary>Secret that holds the engine's API key; absent where it has none.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }
}

/// <summary>What came out.</summary>
public sealed record EvalRunStatus
{
    /// <summary>Generation that this status was worked out for.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Pending, Running or Finished.</summary>
    [Size(Max = 32)]
    public string? Phase { get; init; }

    /// <summary>Pass, Fail, Inconclusive, NoData or ProviderError; absent until it is known.</summary>
    [Size(Max = 32)]
    public string? Verdict { get; init; }

    /// <summary>Why, as a word: GatePassed, GateFailed, GateInconclusive, DatasetInvalid, GateInvalid or EvaluationFailed.</summary>
    [Size(Max = 128)]
    public string? Reason { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 4096)]
    public string? Message { get; init; }

    /// <summary>Digest of the data set that was read.</summary>
    [Size(Max = 80)]
    public string? DatasetDigest { get; init; }

    /// <summary>Cases that were scored.</summary>
    public int? Cases { get; init; }

    /// <summary>Scores of the candidate and of the baseline, one entry for each metric.</summary>
    [ListType("map", "metric")]
    [Size(Max = 16)]
    public IReadOnlyList<MetricScore>? Scores { get; init; }

    /// <summary>Outcome of each criterion.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<CriterionResult>? Criteria { get; init; }

    /// <summary>Tokens spent, prompt and answer, candidate, baseline and judges.</summary>
    public long? Tokens { get; init; }

    /// <summary>Those of them that judges spent; absent without a judge.</summary>
    public long? JudgeTokens { get; init; }

    /// <summary>Requests to judges; absent without a judge.</summary>
    public int? JudgeRequests { get; init; }

    /// <summary>ConfigMap that holds the whole report.</summary>
    [Size(Max = 253)]
    public string? Report { get; init; }

    /// <summary>When the Job started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the verdict was made.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>Score of one metric.</summary>
public sealed record MetricScore
{
    /// <summary>Name of the scorer.</summary>
    [Size(Max = 63)]
    public required string Metric { get; init; }

    /// <summary>Cases that the candidate passed.</summary>
    public required int Passed { get; init; }

    /// <summary>Number of cases that have a score of this metric.</summary>
    public required int Cases { get; init; }

    /// <summary>Cases that the baseline passed; absent without one.</summary>
    public int? BaselinePassed { get; init; }

    /// <summary>Cases that only the candidate passed.</summary>
    public int? Wins { get; init; }

    /// <summary>Cases that only the baseline passed.</summary>
    public int? Losses { get; init; }

    /// <summary>Further cases, on which a judge gave no verdict; absent where it gave one on all.</summary>
    public int? Errored { get; init; }
}

/// <summary>Outcome of one criterion.</summary>
public sealed record CriterionResult
{
    /// <summary>The criterion in words, such as <c>correct at least 0.94</c>.</summary>
    [Size(Max = 320)]
    public required string Criterion { get; init; }

    /// <summary>Pass, Fail or Inconclusive.</summary>
    [Size(Max = 32)]
    public required string Verdict { get; init; }

    /// <summary>The numbers: estimate, bound, test statistic, p-value.</summary>
    [Size(Max = 1024)]
    public required string Message { get; init; }
}
