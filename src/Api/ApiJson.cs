using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>JSON contracts of all kinds.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    Converters = [typeof(TimestampConverter), typeof(InternedStringConverter), typeof(SmallMapConverter)])]
[JsonSerializable(typeof(EvaluationPlan))]
[JsonSerializable(typeof(EvaluationReport))]
[JsonSerializable(typeof(LlmDeployment))]
[JsonSerializable(typeof(ResourceList<LlmDeployment>))]
[JsonSerializable(typeof(PromptVersion))]
[JsonSerializable(typeof(ResourceList<PromptVersion>))]
[JsonSerializable(typeof(EvalGate))]
[JsonSerializable(typeof(ResourceList<EvalGate>))]
[JsonSerializable(typeof(EvalRun))]
[JsonSerializable(typeof(ResourceList<EvalRun>))]
[JsonSerializable(typeof(RolloutRecord))]
[JsonSerializable(typeof(ResourceList<RolloutRecord>))]
[JsonSerializable(typeof(RolloutAction))]
[JsonSerializable(typeof(ResourceList<RolloutAction>))]
[JsonSerializable(typeof(ReleaseSnapshot))]
public sealed partial class ApiJson : JsonSerializerContext;
