using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd;

/// <summary>A test with a real Prometheus: skipped, with the reason, only where its package cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PrometheusFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Problem = new(Prepare);

    public PrometheusFactAttribute()
    {
        if (Problem.Value is { } problem)
            Skip = $"no Prometheus here: {problem}";
    }

    private static string? Prepare()
    {
        try
        {
            PrometheusServer.PrepareAsync().GetAwaiter().GetResult();
            return null;
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }
}
