using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Clusters;
using Xunit;

namespace LlmOps.EndToEnd;

/// <summary>A test on the real API server: skipped, with the reason, only where that cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealApiServerFactAttribute : FactAttribute
{
    private static readonly Lazy<ControlPlaneAvailability> Availability = new(ControlPlane.Probe);

    public RealApiServerFactAttribute()
    {
        if (!IsAvailable)
            Skip = $"no real API server here: {Availability.Value.Reason}";
    }

    /// <summary>Whether there is one: the local control plane, or a cluster that was given.</summary>
    public static bool IsAvailable => GivenCluster is not null || Availability.Value.IsAvailable;

    /// <summary>Kubeconfig of the cluster that <c>make e2e</c> runs on; null for the local control plane.</summary>
    public static string? GivenCluster => Environment.GetEnvironmentVariable(ClusterSelection.KubeconfigVariable) is { Length: > 0 } given ? given : null;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealApiServerTheoryAttribute : TheoryAttribute
{
    public RealApiServerTheoryAttribute() => Skip = new RealApiServerFactAttribute().Skip;
}
