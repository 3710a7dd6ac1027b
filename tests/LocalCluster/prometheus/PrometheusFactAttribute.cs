using Xunit;

namespace LlmOps.LocalCluster;

/// <summary>A test with a real Prometheus, or its promtool: skipped, with the reason, only where Debian's package cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute()
    {
        if (PrometheusServer.Problem is { } problem)
            Skip = $"no Prometheus here: {problem}";
    }
}
