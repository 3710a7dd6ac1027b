namespace LlmOps.Rollouts.Statistics;

/// <summary>The question of <see cref="ConditionalMixtureTest"/> turned round: an e-process for H0 "the candidate's rate of bad events is at least r times stable's".</summary>
/// <remarks>
/// The alternatives are a candidate as good as stable and one with half of its bad events, with equal weights. Both give a bad event to the candidate less often
/// than any ratio in H0 does, so the mixture is a supermartingale under all of it.
/// </remarks>
public static class ReverseTest
{
    private static readonly double[] Alternatives = [1, 0.5];

    /// <summary>ln M. 0 where there are no events, or weights of 0 or 100 alone.</summary>
    /// <param name="maxRatio">The ratio to be refuted, above 1.</param>
    public static double LogE(IEnumerable<BadEvents> epochs, double maxRatio)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxRatio, 1);
        var logRatios = new double[Alternatives.Length];
        foreach (var events in epochs.Where(events => events.WeightPercent is > 0 and < 100))
        {
            for (var j = 0; j < Alternatives.Length; j++)
            {
                var (ofCandidate, ofStable) = Factors(events.WeightPercent / 100.0, maxRatio, Alternatives[j]);
                logRatios[j] += (events.Candidate * ofCandidate) + (events.Stable * ofStable);
            }
        }

        return ConditionalMixtureTest.LogMeanExp(logRatios);
    }

    /// <summary>Expected growth of ln M per bad event, of either track, of a candidate as good as stable: the Kullback–Leibler divergence.</summary>
    /// <param name="weightPercent">Above 0 and below 100.</param>
    public static double Growth(int weightPercent, double maxRatio)
    {
        var weight = weightPercent / 100.0;
        var (ofCandidate, ofStable) = Factors(weight, maxRatio, 1);
        return (weight * ofCandidate) + ((1 - weight) * ofStable);
    }

    private static (double Candidate, double Stable) Factors(double weight, double maxRatio, double ratio)
    {
        var none = ConditionalMixtureTest.CandidateShare(maxRatio, weight);
        var some = ConditionalMixtureTest.CandidateShare(ratio, weight);
        return (Math.Log(some / none), Math.Log((1 - some) / (1 - none)));
    }
}
