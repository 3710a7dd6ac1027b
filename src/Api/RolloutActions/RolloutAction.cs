using System.Text.Json.Serialization.Metadata;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>Something that a person asks of a rollout: written once, done or refused once, and kept for a while as the record of who did what when.</summary>
[CustomResource("rolloutaction", "action")]
[PrinterColumn("Deployment", "string", ".spec.deployment")]
[PrinterColumn("Action", "string", ".spec.action")]
[PrinterColumn("Phase", "string", ".status.phase")]
[PrinterColumn("By", "string", ".spec.requestedBy")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn("Release", "string", ".spec.release", Priority = 1)]
[PrinterColumn("Message", "string", ".status.message", Priority = 1)]
public sealed record RolloutAction : IResource<RolloutAction>
{
    public static ResourceKind ResourceKind { get; } = new(ApiGroup.Name, ApiGroup.Version, "RolloutAction", "rolloutactions");

    public static JsonTypeInfo<RolloutAction> JsonType => ApiJson.Default.RolloutAction;

    public static JsonTypeInfo<ResourceList<RolloutAction>> JsonListType => ApiJson.Default.ResourceListRolloutAction;

    public string? ApiVersion { get; init => field = value ?? ApiGroup.ApiVersion; } = ApiGroup.ApiVersion;

    public string? Kind { get; init => field = value ?? "RolloutAction"; } = "RolloutAction";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What is asked. Immutable.</summary>
    [CelRule("self == oldSelf", "a RolloutAction never changes: create a new one")]
    public required RolloutActionSpec Spec { get; init; }

    /// <summary>What became of it, written by the operator.</summary>
    public RolloutActionStatus? Status { get; init; }

    public RolloutAction WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What is asked.</summary>
[CelRule("!(self.action in ['Approve', 'Promote', 'SkipStep', 'Rollback']) || has(self.release)", "name the release that you mean (see status.candidate.release, or status.history for a Rollback), so that no other one is moved forward", FieldPath = ".release")]
[CelRule("!has(self.step) || self.action in ['Pause', 'Approve', 'Promote', 'SkipStep', 'Abort']", "step goes with Pause, Approve, Promote, SkipStep and Abort: leave it out", FieldPath = ".step")]
[CelRule("has(self.gate) == (self.action == 'Evaluate')", "Evaluate names the EvalGate to run, and no other action does: set gate, or leave it out", FieldPath = ".gate")]
[CelRule("!has(self.release) || self.action != 'Resume'", "Resume is about the whole LlmDeployment: leave release out", FieldPath = ".release")]
public sealed record RolloutActionSpec
{
    /// <summary>Name of the LlmDeployment, in the same namespace.</summary>
    [Size(Min = 1, Max = 253)]
    public required string Deployment { get; init; }

    /// <summary>
    /// Pause holds the rollout (reverts go on), Resume ends that. Approve completes an approve step. Promote skips all steps but gates. SkipStep ends a weight
    /// step early. Abort reverts at once and locks the release. Retry unlocks a release that failed. Rollback goes back to a release that was promoted once,
    /// and locks the one that serves. Evaluate runs a gate now: its EvalRun opens no gate of a rollout and fails none.
    /// </summary>
    [OneOf("Pause", "Resume", "Approve", "Promote", "SkipStep", "Abort", "Retry", "Rollback", "Evaluate")]
    public required string Action { get; init; }

    /// <summary>
    /// Release that is meant; the action is refused where it is another one by the time it is looked at. Rollback: the release to go back to. Retry: the release to
    /// unlock, default the one that the spec asks for. Evaluate: the release to test, default the candidate, or stable where none is tried. Required for Approve, Promote, SkipStep and Rollback.
    /// </summary>
    [Size(Min = 1, Max = 64)]
    public string? Release { get; init; }

    /// <summary>Name of the EvalGate to run. Evaluate alone.</summary>
    [Size(Min = 1, Max = 253)]
    public string? Gate { get; init; }

    /// <summary>Index of the step that is meant, from 0 (see status.rollout.step); the action is refused where the rollout is at another one.</summary>
    [Bounds(Min = 0, Max = 20)]
    public int? Step { get; init; }

    /// <summary>Why, for those who read it later.</summary>
    [Size(Max = 1024)]
    public string? Reason { get; init; }

    /// <summary>Who asks. Anybody may write anything here unless an admission policy holds it against the user: see config/policy.</summary>
    [Size(Min = 1, Max = 253)]
    public string? RequestedBy { get; init; }
}

/// <summary>What became of it.</summary>
public sealed record RolloutActionStatus
{
    /// <summary>Generation that this status was worked out for.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Applied or Refused; absent until it is handled.</summary>
    [Size(Max = 32)]
    public string? Phase { get; init; }

    /// <summary>What was done, or why it was refused and what to do.</summary>
    [Size(Max = 2048)]
    public string? Message { get; init; }

    /// <summary>Name of the EvalRun that an Evaluate made; it goes with the action.</summary>
    [Size(Max = 253)]
    public string? EvalRun { get; init; }

    /// <summary>When it was handled.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Conditions: Ready (True once applied), Stalled (True where it was refused).</summary>
    [ListType("map", "type")]
    [Size(Max = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>Values of <see cref="RolloutActionSpec.Action"/> that are no decision about a rollout.</summary>
public static class RolloutActionKinds
{
    public const string Evaluate = "Evaluate";
}

/// <summary>Values of <see cref="RolloutActionStatus.Phase"/>.</summary>
public static class RolloutActionPhases
{
    public const string Applied = "Applied";
    public const string Refused = "Refused";
}
