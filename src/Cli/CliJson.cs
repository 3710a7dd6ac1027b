using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Cli.Explain;
using LlmOps.Kubernetes;

namespace LlmOps.Cli;

/// <summary>JSON contracts of answers that are no object of the API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(TimestampConverter)])]
[JsonSerializable(typeof(Explanation))]
internal sealed partial class CliJson : JsonSerializerContext;
