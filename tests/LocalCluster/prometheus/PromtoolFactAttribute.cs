using Xunit;

namespace LlmOps.LocalCluster;

/// <summary>Runs with the promtool of Debian's package; skipped, with the reason, only where that cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute()
    {
        if (PrometheusServer.Problem is { } problem)
            Skip = $"no promtool here: {problem}";
    }
}
