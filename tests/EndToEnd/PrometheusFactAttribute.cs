using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd;

/// <summary>A test with a real Prometheus: skipped, with the reason, only where its package cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute()
    {
        if (PrometheusServer.Problem is { } problem)
            Skip = $"no Prometheus here: {problem}";
    }
}
