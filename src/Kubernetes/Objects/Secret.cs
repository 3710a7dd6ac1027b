using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A Secret. Get one by name, never a list of them; see <see cref="SecretTokens"/>.</summary>
public sealed record Secret : IResource<Secret>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "Secret", "secrets");

    public static JsonTypeInfo<Secret> JsonType => KubernetesJson.Default.Secret;

    public static JsonTypeInfo<ResourceList<Secret>> JsonListType => KubernetesJson.Default.ResourceListSecret;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "Secret"; } = "Secret";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>Values in base 64.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; init; }

    public Secret WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };

    /// <summary>Never a value: this ends up in logs.</summary>
    public override string ToString() => $"Secret {Metadata.Namespace}/{Metadata.Name}";
}
