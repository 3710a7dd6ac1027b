using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator.Reporting;

/// <summary>Writes the report into the ConfigMap that the operator made for it.</summary>
internal static class ReportWriter
{
    public static async Task WriteAsync(KubernetesClient client, ObjectKey key, EvaluationReport report, CancellationToken ct) =>
        await client.ApplyAsync(
            new ConfigMap
            {
                Metadata = new() { Namespace = key.Namespace, Name = key.Name },
                Data = new Dictionary<string, string> { [EvaluationContract.ReportKey] = JsonSerializer.Serialize(report, ApiJson.Default.EvaluationReport) },
            },
            ApiGroup.EvaluatorFieldManager,
            ct: ct);
}
