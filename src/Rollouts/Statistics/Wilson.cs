using MathNet.Numerics.Distributions;

namespace LlmOps.Rollouts.Statistics;

/// <summary>Wilson's score bounds of a proportion (Wilson 1927).</summary>
public static class Wilson
{
    /// <summary>One-sided lower bound. 0 when there are no trials.</summary>
    /// <param name="confidence">One-sided, such as 0.95.</param>
    public static double Lower(long successes, long trials, double confidence) => trials == 0 ? 0 : Bound(successes, trials, -Normal.InvCDF(0, 1, confidence));

    /// <summary>One-sided upper bound. 1 when there are no trials.</summary>
    /// <param name="confidence">One-sided, such as 0.95.</param>
    public static double Upper(long successes, long trials, double confidence) => trials == 0 ? 1 : Bound(successes, trials, Normal.InvCDF(0, 1, confidence));

    private static double Bound(double successes, double trials, double z)
    {
        var rate = successes / trials;
        var spread = z * Math.Sqrt((rate * (1 - rate) / trials) + (z * z / (4 * trials * trials)));
        return Math.Clamp((rate + (z * z / (2 * trials)) + spread) / (1 + (z * z / trials)), 0, 1);
    }
}
