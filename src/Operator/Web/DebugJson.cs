using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Operator.Controllers;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Web;

/// <summary>How a decision looks to people. No contract: it follows the records of src/Rollouts.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(StepText)])]
[JsonSerializable(typeof(LastDecision))]
[JsonSerializable(typeof(LastOutcome))]
internal sealed partial class DebugJson : JsonSerializerContext;

/// <summary>Steps are of several kinds; as text they need no discriminator.</summary>
internal sealed class StepText : JsonConverter<Step>
{
    public override Step Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("Decisions are only written.");

    public override void Write(Utf8JsonWriter writer, Step value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
