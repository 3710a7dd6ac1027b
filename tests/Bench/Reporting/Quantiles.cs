namespace LlmOps.Bench.Reporting;

/// <summary>Exact quantiles of a sample (nearest rank).</summary>
internal static class Quantiles
{
    /// <summary>NaN where there are no values.</summary>
    /// <param name="q">0 to 1.</param>
    public static double Of(IEnumerable<double> values, double q)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(q * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <summary>The middle value, or the mean of the two in the middle: of a handful of rounds, the lower one would flatter.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
