using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.EngineEmulator.Behaviour;

namespace LlmOps.EngineEmulator.Catalog;

/// <summary>JSON of the catalogue and of the admin endpoints: camelCase, comments allowed, unknown fields refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(List<ModelProfile>))]
[JsonSerializable(typeof(BehaviourSettings))]
[JsonSerializable(typeof(BehaviourPatch))]
[JsonSerializable(typeof(EmulatorStats))]
internal sealed partial class CatalogJson : JsonSerializerContext;
