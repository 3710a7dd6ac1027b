using MathNet.Numerics.Distributions;

namespace LlmOps.Rollouts.Statistics;

/// <summary>McNemar's test that wins and losses are equally likely, on the same cases, two-sided.</summary>
/// <param name="Exact">Exact binomial p-value.</param>
/// <param name="MidP">Mid-p value: less conservative, and holds its level in practice (Fagerland, Lydersen and Laake 2013).</param>
public readonly record struct McNemar(double Exact, double MidP)
{
    /// <param name="wins">Cases that only the candidate passed.</param>
    /// <param name="losses">Cases that only the baseline passed.</param>
    public static McNemar Test(int wins, int losses)
    {
        var discordant = wins + losses;
        if (discordant == 0)
        {
            return new(1, 1);
        }

        var fewer = Math.Min(wins, losses);
        var exact = Math.Min(1, 2 * Binomial.CDF(0.5, discordant, fewer));
        return new(exact, Math.Min(1, (2 * Binomial.CDF(0.5, discordant, fewer)) - Binomial.PMF(0.5, discordant, fewer)));
    }
}
