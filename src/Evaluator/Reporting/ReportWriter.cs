using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator.Reporting;

/// <summary>Writes the report into the ConfigMap that the operator made for it, and before that its digest to where nobody else can.</summary>
internal static class ReportWriter
{
    public static async Task WriteAsync(KubernetesClient client, ObjectKey key, string? digestPath, EvaluationReport report, CancellationToken ct)
    {
        var json = JsonSerializer.Serialize(report, ApiJson.Default.EvaluationReport);
        if (digestPath is not null)
            await File.WriteAllTextAsync(digestPath, EvaluationContract.DigestOf(json), ct);
        await client.ApplyAsync(
            new ConfigMap
            {
                Metadata = new() { Namespace = key.Namespace, Name = key.Name },
                Data = new Dictionary<string, string> { [EvaluationContract.ReportKey] = json },
            },
            ApiGroup.EvaluatorFieldManager,
            ct: ct);
    }
}
