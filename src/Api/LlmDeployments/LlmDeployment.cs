using System.Text.Json.Serialization.Metadata;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>
/// An LLM that serves: which model on which engine and GPUs, scaled how, with which prompt, and how a change of any of these is rolled out.
/// A change starts a gated canary against what serves now; a candidate that the evidence says is worse is taken off all traffic by itself.
/// </summary>
[CustomResource("llmdeployment", "llm", ScaleSpecPath = ".spec.autoscaling.replicas", ScaleStatusPath = ".status.replicas", ScaleSelectorPath = ".status.selector")]
[CelRule("self.metadata.name.size() <= 50 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')", "the name becomes part of the names of Services and Jobs: use at most 50 lower-case letters, digits and '-', beginning with a letter")]
[PrinterColumn("Stable", "string", ".status.stable.release", Description = "Release that serves")]
[PrinterColumn("Candidate", "string", ".status.candidate.release", Description = "Release being tried")]
[PrinterColumn("Weight", "integer", ".status.candidate.weight", Description = "Share of requests that the candidate gets, in per cent")]
[PrinterColumn("Phase", "string", ".status.phase")]
[PrinterColumn("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn("Model", "string", ".spec.model.source", Priority = 1)]
[PrinterColumn("Prompt", "string", ".status.stable.prompt", Priority = 1)]
[PrinterColumn("Message", "string", ".status.rollout.message", Priority = 1)]
public sealed record LlmDeployment : IResource<LlmDeployment>
{
    public static ResourceKind ResourceKind { get; } = new(ApiGroup.Name, ApiGroup.Version, "LlmDeployment", "llmdeployments");

    public static JsonTypeInfo<LlmDeployment> JsonType => ApiJson.Default.LlmDeployment;

    public static JsonTypeInfo<ResourceList<LlmDeployment>> JsonListType => ApiJson.Default.ResourceListLlmDeployment;

    public string? ApiVersion { get; init => field = value ?? ApiGroup.ApiVersion; } = ApiGroup.ApiVersion;

    public string? Kind { get; init => field = value ?? "LlmDeployment"; } = "LlmDeployment";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What is asked for.</summary>
    public required LlmDeploymentSpec Spec { get; init; }

    /// <summary>What is, written by the operator.</summary>
    [SchemaDefault(ApiGroup.UnseenStatus)]
    public LlmDeploymentStatus? Status { get; init; }

    public LlmDeployment WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}
