using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>One immutable version of a prompt. A new text is a new PromptVersion; an LlmDeployment names the one it wants.</summary>
[CustomResource("promptversion", "prompt")]
[PrinterColumn("Family", "string", ".spec.family")]
[PrinterColumn("Version", "string", ".spec.version")]
[PrinterColumn("Stage", "string", ".status.stage")]
[PrinterColumn("Valid", "string", ".status.conditions[?(@.type==\"Ready\")].status")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn("Hash", "string", ".status.contentHash", Priority = 1)]
[PrinterColumn("Author", "string", ".spec.author", Priority = 1)]
public sealed record PromptVersion : IResource<PromptVersion>
{
    public static ResourceKind ResourceKind { get; } = new(ApiGroup.Name, ApiGroup.Version, "PromptVersion", "promptversions");

    public static JsonTypeInfo<PromptVersion> JsonType => ApiJson.Default.PromptVersion;

    public static JsonTypeInfo<ResourceList<PromptVersion>> JsonListType => ApiJson.Default.ResourceListPromptVersion;

    public string? ApiVersion { get; init => field = value ?? ApiGroup.ApiVersion; } = ApiGroup.ApiVersion;

    public string? Kind { get; init => field = value ?? "PromptVersion"; } = "PromptVersion";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The prompt. Immutable as a whole.</summary>
    [CelRule("self == oldSelf", "a PromptVersion never changes: create a new one with the next version and name it in the LlmDeployment")]
    public required PromptVersionSpec Spec { get; init; }

    /// <summary>What is, written by the operator.</summary>
    [SchemaDefault(ApiGroup.UnseenStatus)]
    public PromptVersionStatus? Status { get; init; }

    public PromptVersion WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>The prompt. Immutable as a whole.</summary>
public sealed record PromptVersionSpec
{
    /// <summary>What the versions have in common, such as <c>support</c>.</summary>
    [TextPattern("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", Message = "a family is lower-case letters, digits, '.' and '-', such as support")]
    [Size(Min = 1, Max = 63)]
    public required string Family { get; init; }

    /// <summary>Semantic version, such as <c>1.4.0</c>.</summary>
    [TextPattern("^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$", Message = "write a semantic version of three numbers, such as 1.4.0 or 1.4.0-rc.1")]
    [Size(Max = 64)]
    public required string Version { get; init; }

    /// <summary>Messages put in front of the request's own, in order.</summary>
    [Size(Min = 1, Max = 32)]
    public required IReadOnlyList<PromptMessage> Messages { get; init; }

    /// <summary>Variables of the templates by name. Every variable that a template uses is declared here.</summary>
    [Size(Max = 64)]
    public IReadOnlyDictionary<string, PromptVariable>? Variables { get; init; }

    /// <summary>Sampling parameters of the release. They win over the request's own.</summary>
    public SamplingParameters? Parameters { get; init; }

    /// <summary>Name of the PromptVersion that this one was made from.</summary>
    [Size(Max = 253)]
    public string? Parent { get; init; }

    /// <summary>Who wrote this version, for those who read it later.</summary>
    [Size(Max = 128)]
    public string? Author { get; init; }

    /// <summary>What changed and why.</summary>
    [Size(Max = 4096)]
    public string? Notes { get; init; }
}

/// <summary>One message of a prompt.</summary>
public sealed record PromptMessage
{
    /// <summary>Role of the message.</summary>
    [OneOf("system", "user", "assistant")]
    public required string Role { get; init; }

    /// <summary>Text with <c>{{variables}}</c>. A value that itself contains <c>{{…}}</c> is not expanded again.</summary>
    [Size(Min = 1, Max = 100_000)]
    public required string Template { get; init; }
}

/// <summary>A variable of a prompt.</summary>
public sealed record PromptVariable
{
    /// <summary>Type of the value, default string.</summary>
    [SchemaDefault("\"string\"")]
    [OneOf("string", "number", "integer", "boolean")]
    public string? Type { get; init; }

    /// <summary>Whether each request must give it. A variable that is neither required nor has a default is empty where it is not given.</summary>
    public bool? Required { get; init; }

    /// <summary>Value where the request gives none, as text.</summary>
    [Size(Max = 4096)]
    public string? Default { get; init; }

    /// <summary>Longest value in characters.</summary>
    [Bounds(Min = 1, Max = 10_000_000)]
    public int? MaxLength { get; init; }

    /// <summary>Whether the value comes from outside (a user, a document). An untrusted variable is refused in a system message. Default trusted.</summary>
    [OneOf("trusted", "untrusted")]
    public string? Trust { get; init; }

    /// <summary>What it is, for people.</summary>
    [Size(Max = 1024)]
    public string? Description { get; init; }
}

/// <summary>Sampling parameters, with the meaning that the OpenAI API gives them.</summary>
public sealed record SamplingParameters
{
    /// <summary>How freely the next token is drawn, 0 to 2: at 0 the likeliest one is always taken. Without it the client's value or the engine's default holds.</summary>
    [Bounds(Min = 0, Max = 2)]
    public double? Temperature { get; init; }

    /// <summary>Nucleus sampling, above 0 and up to 1: tokens are drawn from the likeliest ones that have this probability together; 1 leaves none out. Without it the client's value or the engine's default holds.</summary>
    [Bounds(Min = 0, ExclusiveMin = true, Max = 1)]
    public double? TopP { get; init; }

    /// <summary>Longest answer in tokens. Without it the client's value or the engine's default holds.</summary>
    [Bounds(Min = 1, Max = 10_000_000)]
    public int? MaxTokens { get; init; }

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    [Size(Max = 16)]
    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary>Seed of the sampling: the same request gets the same answer, as far as the engine holds to it.</summary>
    public long? Seed { get; init; }

    /// <summary>The <c>response_format</c> of the OpenAI API, such as a JSON schema, passed on to the engine as it is.</summary>
    [PreserveUnknownFields]
    public JsonElement? ResponseFormat { get; init; }
}

/// <summary>What is, written by the operator.</summary>
public sealed record PromptVersionStatus
{
    /// <summary>Generation that this status was worked out for.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Hash of what the prompt renders to: messages, variables, parameters.</summary>
    [Size(Max = 80)]
    public string? ContentHash { get; init; }

    /// <summary>Draft (not used yet), Candidate (being tried), Production (serves) or Archived (served once).</summary>
    [Size(Max = 32)]
    public string? Stage { get; init; }

    /// <summary>LlmDeployments that use it now.</summary>
    [Size(Max = 256)]
    public IReadOnlyList<PromptUse>? UsedBy { get; init; }

    /// <summary>Conditions: Ready (whether it can be used), Stalled (whether somebody must mend something).</summary>
    [ListType("map", "type")]
    [Size(Max = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>An LlmDeployment that uses a prompt.</summary>
public sealed record PromptUse
{
    /// <summary>Name of the LlmDeployment.</summary>
    [Size(Max = 253)]
    public required string Deployment { get; init; }

    /// <summary>Whether it uses it in its stable or its candidate release: stable or candidate.</summary>
    [Size(Max = 32)]
    public required string Track { get; init; }

    /// <summary>Share of requests in per cent.</summary>
    public required int Weight { get; init; }
}
