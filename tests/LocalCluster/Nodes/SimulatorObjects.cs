using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>A Secret: only a kubelet reads these, the product never does.</summary>
internal sealed record Secret : IResource<Secret>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "Secret", "secrets");

    public static JsonTypeInfo<Secret> JsonType => SimulatorJson.Default.Secret;

    public static JsonTypeInfo<ResourceList<Secret>> JsonListType => SimulatorJson.Default.ResourceListSecret;

    public string? ApiVersion { get; init; } = "v1";

    public string? Kind { get; init; } = "Secret";

    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>Values in base 64.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; init; }

    public Secret WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(TimestampConverter)])]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ResourceList<Secret>))]
internal sealed partial class SimulatorJson : JsonSerializerContext;
