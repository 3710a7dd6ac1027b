using System.Text.Json.Serialization.Metadata;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>A data set, scorers and criteria that a release must pass before it gets traffic.</summary>
[CustomResource("evalgate", "gate")]
[PrinterColumn("Dataset", "string", ".spec.dataset.configMap.name")]
[PrinterColumn("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status")]
[PrinterColumn("Last", "string", ".status.lastRun.verdict", Description = "Verdict of the last run")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
public sealed record EvalGate : IResource<EvalGate>
{
    public static ResourceKind ResourceKind { get; } = new(ApiGroup.Name, ApiGroup.Version, "EvalGate", "evalgates");

    public static JsonTypeInfo<EvalGate> JsonType => ApiJson.Default.EvalGate;

    public static JsonTypeInfo<ResourceList<EvalGate>> JsonListType => ApiJson.Default.ResourceListEvalGate;

    public string? ApiVersion { get; init => field = value ?? ApiGroup.ApiVersion; } = ApiGroup.ApiVersion;

    public string? Kind { get; init => field = value ?? "EvalGate"; } = "EvalGate";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What is asked for.</summary>
    public required EvalGateSpec Spec { get; init; }

    /// <summary>What is, written by the operator.</summary>
    [SchemaDefault(ApiGroup.UnseenStatus)]
    public EvalGateStatus? Status { get; init; }

    public EvalGate WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What a release must pass.</summary>
[CelRule("self.scorers.all(s, !has(s.judge) || !has(s.judge.onlyIfPassed) || s.judge.onlyIfPassed.all(n, self.scorers.exists(o, o.name == n && o.type != 'judge')))", "judge.onlyIfPassed names scorers of this gate that are no judges: add a scorer of that name or correct it", FieldPath = ".scorers")]
[CelRule("self.criteria.all(c, self.scorers.exists(s, s.name == c.metric))", "every criterion names a scorer: add a scorer of that name or correct metric", FieldPath = ".criteria")]
public sealed record EvalGateSpec
{
    /// <summary>The cases that a release is asked, and where they are kept.</summary>
    public required DatasetSpec Dataset { get; init; }

    /// <summary>How each answer is scored; each scorer makes one metric of its name.</summary>
    [ListType("map", "name")]
    [Size(Min = 1, Max = 16)]
    public required IReadOnlyList<ScorerSpec> Scorers { get; init; }

    /// <summary>What must hold. All of them.</summary>
    [Size(Min = 1, Max = 16)]
    public required IReadOnlyList<CriterionSpec> Criteria { get; init; }

    /// <summary>Which cases are run. Default: all.</summary>
    public SampleSpec? Sample { get; init; }

    /// <summary>What a run may cost.</summary>
    public BudgetSpec? Budget { get; init; }

    /// <summary>Requests at a time, default 8.</summary>
    [SchemaDefault("8")]
    [Bounds(Min = 1, Max = 256)]
    public int? Concurrency { get; init; }
}

/// <summary>Cases as JSON lines: <c>{"id": …, "vars": {…}, "expected": {…}}</c> or <c>{"id": …, "messages": […], …}</c>.</summary>
[CelRule("has(self.configMap) != has(self.persistentVolumeClaim)", "set exactly one of configMap and persistentVolumeClaim")]
public sealed record DatasetSpec
{
    /// <summary>Key of a ConfigMap in the same namespace (up to 1 MiB).</summary>
    public ConfigMapKeyReference? ConfigMap { get; init; }

    /// <summary>File in a claim in the same namespace.</summary>
    public ClaimFileReference? PersistentVolumeClaim { get; init; }

    /// <summary><c>sha256:…</c> of the file. A different content is refused.</summary>
    [TextPattern("^sha256:[0-9a-f]{64}$", Message = "write sha256: and 64 hexadecimal digits in lower case, as sha256sum prints them")]
    [Size(Max = 71)]
    public string? Digest { get; init; }

    /// <summary>Path into a case of the question, where it is not <c>messages</c> or <c>vars</c>, such as <c>question</c>. It becomes the variable <see cref="InputVariable"/> and, without a prompt, the user message.</summary>
    [Size(Min = 1, Max = 256)]
    public string? Input { get; init; }

    /// <summary>Prompt variable that <see cref="Input"/> is given as, default <c>query</c>.</summary>
    [SchemaDefault("\"query\"")]
    [Size(Min = 1, Max = 128)]
    public string? InputVariable { get; init; }
}

/// <summary>One key of a ConfigMap in the same namespace.</summary>
public sealed record ConfigMapKeyReference
{
    /// <summary>Name of the ConfigMap.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Name { get; init; }

    /// <summary>Key in the ConfigMap.</summary>
    [TextPattern(Patterns.DataKey, Message = Patterns.DataKeyMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Key { get; init; }
}

/// <summary>A file in a claim.</summary>
public sealed record ClaimFileReference
{
    /// <summary>Name of the claim.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string ClaimName { get; init; }

    /// <summary>Path of the file in the volume, without a leading slash.</summary>
    [TextPattern("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", Message = "write a path inside the volume, without a leading slash")]
    [CelRule("!self.split('/').exists(p, p == '..')", "the path must stay inside the volume: leave out '..'")]
    [Size(Min = 1, Max = 512)]
    public required string Path { get; init; }
}

/// <summary>How an answer is scored. Each scorer says pass or fail.</summary>
[CelRule("self.type != 'regex' || has(self.pattern)", "a regex scorer needs a pattern", FieldPath = ".pattern")]
[CelRule("self.type != 'length' || has(self.min) || has(self.max)", "a length scorer needs min or max")]
[CelRule("!has(self.min) || !has(self.max) || self.min <= self.max", "min must not be above max: lower min or raise max", FieldPath = ".min")]
[CelRule("self.type == 'regex' || !has(self.pattern)", "pattern belongs to a regex scorer: leave it out or set type to regex", FieldPath = ".pattern")]
[CelRule("self.type == 'length' || !(has(self.unit) || has(self.min) || has(self.max))", "unit, min and max belong to a length scorer: leave them out or set type to length")]
[CelRule("self.type == 'numericTolerance' || !has(self.tolerance)", "tolerance belongs to a numericTolerance scorer: leave it out or set type to numericTolerance", FieldPath = ".tolerance")]
[CelRule("self.type in ['equals', 'contains'] || !has(self.caseSensitive)", "caseSensitive belongs to an equals or contains scorer: leave it out, or write (?i) in a pattern", FieldPath = ".caseSensitive")]
[CelRule("!(self.type in ['equals', 'contains', 'numericTolerance']) || has(self.expected)", "this scorer needs expected: the path of the expected value in a case, such as expected.text", FieldPath = ".expected")]
[CelRule("self.type != 'judge' || has(self.judge)", "a judge scorer needs judge: the LlmDeployment that judges (model) and the PromptVersion that says what passes (prompt)", FieldPath = ".judge")]
[CelRule("self.type == 'judge' || !has(self.judge)", "judge belongs to a judge scorer: leave it out or set type to judge", FieldPath = ".judge")]
public sealed record ScorerSpec
{
    /// <summary>Name of the metric.</summary>
    [TextPattern("^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$", Message = "a scorer's name begins with a letter and holds letters, digits, '_' and '-'")]
    [Size(Min = 1, Max = 63)]
    public required string Name { get; init; }

    /// <summary>How: equals, contains, regex, numericTolerance, isJson, length or judge.</summary>
    [OneOf("equals", "contains", "regex", "numericTolerance", "isJson", "length", ScorerTypes.Judge)]
    public required string Type { get; init; }

    /// <summary>Path of the expected value in a case, such as <c>expected.text</c>.</summary>
    [Size(Min = 1, Max = 256)]
    public string? Expected { get; init; }

    /// <summary>Regular expression whose last match in the answer (its first group, if it has one) is scored instead of the whole answer, such as <c>A:\s*(.*)</c>.</summary>
    [Size(Min = 1, Max = 512)]
    public string? Extract { get; init; }

    /// <summary>regex: the expression that the answer must match.</summary>
    [Size(Min = 1, Max = 512)]
    public string? Pattern { get; init; }

    /// <summary>equals, contains: whether upper and lower case differ, default false.</summary>
    public bool? CaseSensitive { get; init; }

    /// <summary>numericTolerance: largest absolute difference, default 0.</summary>
    [Bounds(Min = 0)]
    public double? Tolerance { get; init; }

    /// <summary>length: what is counted, default words.</summary>
    [OneOf("words", "characters", "tokens")]
    public string? Unit { get; init; }

    /// <summary>length: fewest of its unit that the answer may have.</summary>
    [Bounds(Min = 0)]
    public int? Min { get; init; }

    /// <summary>length: most of its unit that the answer may have.</summary>
    [Bounds(Min = 0)]
    public int? Max { get; init; }

    /// <summary>judge: who judges, and by what.</summary>
    public JudgeSpec? Judge { get; init; }
}

/// <summary>Types of <see cref="ScorerSpec.Type"/> that others than the scorers themselves look at.</summary>
public static class ScorerTypes
{
    /// <summary>A model scores.</summary>
    public const string Judge = "judge";
}

/// <summary>What must hold for one metric: an absolute threshold, or a comparison with stable.</summary>
[CelRule("has(self.atLeast) != has(self.notWorseThanStable)", "a criterion is one thing: either atLeast or notWorseThanStable, split it into two")]
[CelRule("has(self.atLeast) || !has(self.confidence)", "confidence belongs to atLeast: write notWorseThanStable.confidence", FieldPath = ".confidence")]
public sealed record CriterionSpec
{
    /// <summary>Name of a scorer.</summary>
    [Size(Min = 1, Max = 63)]
    public required string Metric { get; init; }

    /// <summary>Smallest pass rate, 0 to 1. The lower confidence bound must reach it, not just the estimate.</summary>
    [Bounds(Min = 0, Max = 1)]
    public double? AtLeast { get; init; }

    /// <summary>How much worse than stable on the same cases.</summary>
    public NonInferioritySpec? NotWorseThanStable { get; init; }

    /// <summary>Confidence of atLeast, one-sided, default 0.95.</summary>
    [Bounds(Min = 0.5, Max = 0.9999)]
    public double? Confidence { get; init; }
}

/// <summary>Non-inferiority: the pass rate is shown to be less than a margin below stable's.</summary>
public sealed record NonInferioritySpec
{
    /// <summary>Largest tolerated loss of pass rate, above 0 and up to 1, such as 0.03 for three points.</summary>
    [Bounds(Min = 0, ExclusiveMin = true, Max = 1)]
    public required double Margin { get; init; }

    /// <summary>Confidence, one-sided, default 0.95.</summary>
    [Bounds(Min = 0.5, Max = 0.9999)]
    public double? Confidence { get; init; }
}

/// <summary>Which cases are run.</summary>
public sealed record SampleSpec
{
    /// <summary>How many cases; all where the data set has fewer.</summary>
    [Bounds(Min = 1, Max = 1_000_000)]
    public required int Size { get; init; }

    /// <summary>Seed of the choice, default 17.</summary>
    public long? Seed { get; init; }
}

/// <summary>What a run may cost. A run that goes over is Inconclusive.</summary>
public sealed record BudgetSpec
{
    /// <summary>Longest run, default 30m.</summary>
    public Duration? MaxDuration { get; init; }

    /// <summary>Most tokens, prompt and answer, of candidate, baseline and judges together.</summary>
    [Bounds(Min = 1)]
    public long? MaxTokens { get; init; }
}

/// <summary>What is, written by the operator.</summary>
public sealed record EvalGateStatus
{
    /// <summary>Generation that this status was worked out for.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The last run that ended.</summary>
    public GateRunSummary? LastRun { get; init; }

    /// <summary>Conditions: Ready (whether the gate can be run), Stalled (whether somebody must mend something before it can).</summary>
    [ListType("map", "type")]
    [Size(Max = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>The last run of a gate.</summary>
public sealed record GateRunSummary
{
    /// <summary>Name of the EvalRun.</summary>
    [Size(Max = 253)]
    public required string Name { get; init; }

    /// <summary>Release that was tested.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Pass, Fail, Inconclusive, NoData or ProviderError.</summary>
    [Size(Max = 32)]
    public required string Verdict { get; init; }

    /// <summary>When the last run ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}
