namespace LlmOps.Rollouts.Statistics;

/// <summary>Bad events of one weight epoch, by its number (from 1).</summary>
public readonly record struct EpochEvents(int Epoch, BadEvents Events);

/// <summary>
/// <see cref="ConditionalMixtureTest"/> for a candidate that may be good at first and turn bad at a higher weight, as one that cannot bear load does. Without it, a
/// long good epoch would have to be outweighed first.
/// </summary>
/// <remarks>
/// For each epoch k the test that counts from k on is an e-process (it is 1 until k starts). Their mean under weights that are fixed beforehand and sum to 1
/// is an e-process again: 0.95 for the first epoch, 0.05 / (k(k−1)) for each later one. The price for a candidate that is bad from the start is ln(1/0.95) = 0.05.
/// </remarks>
public static class OnsetMixture
{
    private const double FirstEpochShare = 0.95;

    /// <summary>ln M.</summary>
    /// <param name="toleratedRatio">r0, 1 or more.</param>
    public static double LogE(IReadOnlyCollection<EpochEvents> rows, double toleratedRatio)
    {
        var onsets = rows.Select(row => Math.Max(1, row.Epoch)).Append(1).Distinct();
        var terms = onsets
            .Select(onset => (Share: ShareOf(onset), LogE: ConditionalMixtureTest.LogE(rows.Where(row => row.Epoch >= onset || onset == 1).Select(row => row.Events), toleratedRatio)))
            .ToList();
        var notStarted = Math.Max(0, 1 - terms.Sum(term => term.Share));
        var largest = Math.Max(0, terms.Max(term => term.LogE));
        return largest + Math.Log(terms.Sum(term => term.Share * Math.Exp(term.LogE - largest)) + (notStarted * Math.Exp(-largest)));
    }

    private static double ShareOf(int onset) => onset == 1 ? FirstEpochShare : (1 - FirstEpochShare) / ((double)onset * (onset - 1));
}
