using MathNet.Numerics.Distributions;

namespace LlmOps.Rollouts.Statistics;

/// <summary>Score test for the difference of two proportions on the same cases (Tango 1998).</summary>
public static class Tango
{
    /// <summary>z of the hypothesis that candidate minus baseline is at most <paramref name="difference"/>; large values speak against it.</summary>
    /// <param name="wins">Cases that only the candidate passed.</param>
    /// <param name="losses">Cases that only the baseline passed.</param>
    /// <param name="cases">All cases, 1 or more.</param>
    /// <param name="difference">Above −1 and below 1; for non-inferiority minus the margin.</param>
    public static double Z(int wins, int losses, int cases, double difference)
    {
        double b = wins, c = losses, n = cases, d = difference;
        var quadratic = 2 * n;
        var linear = -b - c + (((2 * n) - b + c) * d);
        var constant = -c * d * (1 - d);
        var share = (Math.Sqrt(Math.Max(0, (linear * linear) - (4 * quadratic * constant))) - linear) / (2 * quadratic);
        var variance = n * ((2 * share) + (d * (1 - d)));
        var excess = b - c - (n * d);
        return variance > 0 ? excess / Math.Sqrt(variance) : excess == 0 ? 0 : double.CopySign(double.PositiveInfinity, excess);
    }

    /// <summary>One-sided non-inferiority: small p says that the candidate is less than <paramref name="margin"/> below the baseline.</summary>
    /// <param name="margin">Above 0, below 1.</param>
    public static (double Z, double P) NonInferiority(int wins, int losses, int cases, double margin)
    {
        var z = Z(wins, losses, cases, -margin);
        return (z, 1 - Normal.CDF(0, 1, z));
    }

    /// <summary>Two-sided interval of candidate minus baseline by inversion of the test, each side at <paramref name="oneSidedConfidence"/> (0.95 gives a 90 % interval).</summary>
    public static (double Lower, double Upper) Interval(int wins, int losses, int cases, double oneSidedConfidence)
    {
        var critical = Normal.InvCDF(0, 1, oneSidedConfidence);
        return (DifferenceWhereZIs(critical, wins, losses, cases), DifferenceWhereZIs(-critical, wins, losses, cases));
    }

    // z falls as the difference grows: halve the interval until it is far narrower than any margin.
    private static double DifferenceWhereZIs(double target, int wins, int losses, int cases)
    {
        double low = -1, high = 1;
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (Z(wins, losses, cases, middle) > target)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return (low + high) / 2;
    }
}
