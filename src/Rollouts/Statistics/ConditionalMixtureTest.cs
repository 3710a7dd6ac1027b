using System.Collections.Concurrent;

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
    /// <summary>Ratios of weights and tolerances are few; a bound keeps odd specs from filling the memory.</summary>
    private const int MostKnownFactors = 4096;

    private static readonly double[] Grid = [1.25, 1.5, 2, 3, 5, 8, 12, 20, 50];

    private static readonly ConcurrentDictionary<(double Share, double ToleratedRatio), LogFactors> Known = new();

    /// <summary>ln M. 0 where the events say nothing: none at all, weights of 0 or 100, or a tolerance beyond the grid (50).</summary>
    /// <param name="toleratedRatio">r0, 1 or more.</param>
    public static double LogE(IEnumerable<BadEvents> epochs, double toleratedRatio)
    {
        var logRatios = Start(toleratedRatio);
        foreach (var events in epochs)
        {
            Add(logRatios, events, toleratedRatio);
        }

        return LogMeanExp(logRatios);
    }

    /// <summary>ln of the mean of e-processes given by their logarithms: again an e-process.</summary>
    public static double LogMeanExp(ReadOnlySpan<double> logs)
    {
        if (logs.IsEmpty)
        {
            return 0;
        }

        var (largest, sum) = (double.NegativeInfinity, 0.0);
        foreach (var log in logs)
        {
            largest = Math.Max(largest, log);
        }

        foreach (var log in logs)
        {
            sum += Math.Exp(log - largest);
        }

        return largest + Math.Log(sum / logs.Length);
    }

    /// <summary>ln(1/α): the hypothesis is rejected once ln M reaches it.</summary>
    public static double LogThreshold(double falseRevertProbability) => -Math.Log(falseRevertProbability);

    /// <summary>Likelihood ratios before any event, as logarithms, one an alternative.</summary>
    internal static double[] Start(double toleratedRatio)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(toleratedRatio, 1);
        return new double[Above(toleratedRatio).Length];
    }

    /// <summary>Adds the events of one epoch.</summary>
    internal static void Add(double[] logRatios, BadEvents events, double toleratedRatio)
    {
        if (events.WeightPercent is > 0 and < 100)
        {
            Add(logRatios, events.WeightPercent / 100.0, events.Candidate, events.Stable, toleratedRatio);
        }
    }

    /// <summary>Adds events that are the candidate's, or of the first kind, with probability <paramref name="share"/> at ratio 1.</summary>
    /// <param name="share">Above 0 and below 1.</param>
    internal static void Add(double[] logRatios, double share, long candidate, long stable, double toleratedRatio)
    {
        var factors = FactorsOf(share, toleratedRatio);
        for (var j = 0; j < logRatios.Length; j++)
        {
            logRatios[j] += (candidate * factors.Candidate[j]) + (stable * factors.Stable[j]);
        }
    }

    /// <summary>θ(r, w).</summary>
    internal static double CandidateShare(double ratio, double weight) => ratio * weight / ((ratio * weight) + 1 - weight);

    /// <summary>The grid rises.</summary>
    private static ReadOnlySpan<double> Above(double toleratedRatio)
    {
        var first = 0;
        while (first < Grid.Length && Grid[first] <= toleratedRatio)
        {
            first++;
        }

        return Grid.AsSpan(first);
    }

    private static LogFactors FactorsOf(double share, double toleratedRatio)
    {
        if (Known.TryGetValue((share, toleratedRatio), out var known))
        {
            return known;
        }

        var none = CandidateShare(toleratedRatio, share);
        var some = Above(toleratedRatio).ToArray().Select(ratio => CandidateShare(ratio, share)).ToList();
        var factors = new LogFactors([.. some.Select(theta => Math.Log(theta / none))], [.. some.Select(theta => Math.Log((1 - theta) / (1 - none)))]);
        return Known.Count < MostKnownFactors ? Known.GetOrAdd((share, toleratedRatio), factors) : factors;
    }

    /// <summary>What one event adds to the logarithm of each likelihood ratio.</summary>
    private sealed record LogFactors(double[] Candidate, double[] Stable);
}
