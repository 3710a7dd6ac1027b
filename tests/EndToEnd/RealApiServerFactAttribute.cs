using LlmOps.LocalCluster;
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

    public static bool IsAvailable => Availability.Value.IsAvailable;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealApiServerTheoryAttribute : TheoryAttribute
{
    public RealApiServerTheoryAttribute() => Skip = new RealApiServerFactAttribute().Skip;
}
