using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Cli.Dashboard;
using LlmOps.Cli.Diff;
using LlmOps.Cli.Explain;
using LlmOps.Cli.Lint;
using LlmOps.Kubernetes;

namespace LlmOps.Cli;

/// <summary>JSON contracts of answers that are no object of the API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(TimestampConverter)])]
[JsonSerializable(typeof(Difference))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(IReadOnlyList<SeriesPoint>))]
[JsonSerializable(typeof(LintReport))]
internal sealed partial class CliJson : JsonSerializerContext;
