namespace LlmOps.Rollouts.Statistics;

/// <summary>Bad events of one weight epoch.</summary>
/// <param name="WeightPercent">The candidate's share of requests in that epoch, in per cent.</param>
/// <param name="Candidate">Bad events of requests assigned to the candidate.</param>
/// <param name="Stable">Bad events of requests assigned to stable.</param>
public readonly record struct BadEvents(int WeightPercent, long Candidate, long Stable);

/// <summary>
/// "Whose error is it?": an e-process for the null hypothesis that the candidate's rate of bad events is at most <c>r0</c> times stable's.
/// </summary>
/// <remarks>
/// Given a bad event while the candidate has the share w of the requests, it is the candidate's with probability θ(r,w) = r·w / (r·w + 1 − w), r being
/// the ratio of rates. Likelihood ratios of a grid of alternatives against r0 are mixed with equal weights. Under every r ≤ r0 the mixture M is a
/// non-negative supermartingale, so by Ville's inequality P(M ever reaches 1/α) ≤ α, however often one looks and however the weight changes. Events
/// that strike both tracks cancel. Same family as Lindon and Malek (2022).
/// </remarks>
public static class ConditionalMixtureTest
{
    private static readonly double[] Grid = [1.25, 1.5, 2, 3, 5, 8, 12, 20, 50];

    /// <summary>ln M. 0 where the events say nothing: none at all, weights of 0 or 100, or a tolerance beyond the grid (50).</summary>
    /// <param name="toleratedRatio">r0, 1 or more.</param>
    public static double LogE(IEnumerable<BadEvents> epochs, double toleratedRatio)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(toleratedRatio, 1);
        var alternatives = Array.FindAll(Grid, ratio => ratio > toleratedRatio);
        if (alternatives.Length == 0)
        {
            return 0;
        }

        var logRatios = new double[alternatives.Length];
        foreach (var events in epochs)
        {
            if (events.WeightPercent is <= 0 or >= 100)
            {
                continue;
            }

            var weight = events.WeightPercent / 100.0;
            var none = CandidateShare(toleratedRatio, weight);
            for (var j = 0; j < alternatives.Length; j++)
            {
                var some = CandidateShare(alternatives[j], weight);
                logRatios[j] += (events.Candidate * Math.Log(some / none)) + (events.Stable * Math.Log((1 - some) / (1 - none)));
            }
        }

        return LogMeanExp(logRatios);
    }

    /// <summary>ln of the mean of e-processes given by their logarithms: again an e-process.</summary>
    public static double LogMeanExp(IReadOnlyCollection<double> logs)
    {
        if (logs.Count == 0)
        {
            return 0;
        }

        var largest = logs.Max();
        return largest + Math.Log(logs.Sum(log => Math.Exp(log - largest)) / logs.Count);
    }

    /// <summary>ln(1/α): the hypothesis is rejected once ln M reaches it.</summary>
    public static double LogThreshold(double falseRevertProbability) => -Math.Log(falseRevertProbability);

    private static double CandidateShare(double ratio, double weight) => ratio * weight / ((ratio * weight) + 1 - weight);
}
