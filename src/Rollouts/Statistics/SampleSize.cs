using MathNet.Numerics.Distributions;

namespace LlmOps.Rollouts.Statistics;

/// <summary>What a paired non-inferiority comparison of equally good releases can show: n = (z(1−α) + z(1−β))² ψ / δ².</summary>
public static class SampleSize
{
    public const double DefaultPower = 0.8;

    /// <summary>Cases needed to show a margin.</summary>
    /// <param name="margin">δ, above 0.</param>
    /// <param name="discordantShare">ψ: share of cases on which the two differ, 0 to 1.</param>
    /// <param name="confidence">1 − α, one-sided.</param>
    /// <param name="power">1 − β: chance that an equally good candidate passes.</param>
    public static int ForMargin(double margin, double discordantShare, double confidence = 0.95, double power = DefaultPower) =>
        (int)Math.Ceiling(SumOfQuantilesSquared(confidence, power) * discordantShare / (margin * margin));

    /// <summary>Smallest margin that so many cases can show.</summary>
    public static double MinimumDetectableMargin(int cases, double discordantShare, double confidence = 0.95, double power = DefaultPower) =>
        Math.Sqrt(SumOfQuantilesSquared(confidence, power) * discordantShare / cases);

    private static double SumOfQuantilesSquared(double confidence, double power) =>
        Math.Pow(Normal.InvCDF(0, 1, confidence) + Normal.InvCDF(0, 1, power), 2);
}
