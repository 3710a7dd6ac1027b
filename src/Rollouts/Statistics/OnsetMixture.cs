namespace LlmOps.Rollouts.Statistics;

/// <summary>Bad events of one weight epoch, by its number (from 1).</summary>
public readonly record struct EpochEvents(int Epoch, BadEvents Events);

/// <summary>Bad events of a weight epoch since a time within it that was fixed beforehand.</summary>
/// <param name="Number">Which of those times, from 0.</param>
public readonly record struct LateEvents(int Epoch, int Number, BadEvents Events);

/// <summary>
/// <see cref="ConditionalMixtureTest"/> for a candidate that may be good at first and turn bad later: at a higher weight, as one that cannot bear load does, or
/// after hours, as one that leaks memory does. Without it, a long good start would have to be outweighed first.
/// </summary>
/// <remarks>
/// For each onset the test that counts from there on is an e-process (it is 1 until then). Their mean under weights that are fixed beforehand and sum to 1
/// is an e-process again: 0.95 for the first epoch, 0.03 / (k(k−1)) for each later epoch k, 0.02 / (k(k+1)) · 2^−(j+1) for the j-th time within epoch k. The times
/// within an epoch count as long as no later epoch has requests; then they are given up, which only takes from the mean. The price for a candidate that is bad
/// from the start is ln(1/0.95) = 0.05.
/// </remarks>
public static class OnsetMixture
{
    private const double FirstEpochShare = 0.95;
    private const double LaterEpochsShare = 0.03;
    private const double WithinEpochsShare = 0.02;

    /// <summary>ln M.</summary>
    /// <param name="toleratedRatio">r0, 1 or more.</param>
    public static double LogE(IReadOnlyCollection<EpochEvents> rows, double toleratedRatio) => LogE(rows, [], toleratedRatio);

    /// <summary>ln M.</summary>
    /// <param name="late">Events since times within epochs; those of the last epoch count.</param>
    /// <param name="toleratedRatio">r0, 1 or more.</param>
    public static double LogE(IReadOnlyCollection<EpochEvents> rows, IReadOnlyCollection<LateEvents> late, double toleratedRatio)
    {
        var last = rows.Count == 0 ? 1 : Math.Max(1, rows.Max(row => row.Epoch));
        var terms = EpochOnsets(rows, toleratedRatio);
        terms.AddRange(late.Where(events => events.Epoch == last)
            .Select(events => new Term(WithinShare(last) / Math.Pow(2, events.Number + 1), ConditionalMixtureTest.LogE([events.Events], toleratedRatio))));
        var givenUp = WithinEpochsShare - (WithinEpochsShare / last);
        var notStarted = Math.Max(0, 1 - givenUp - terms.Sum(term => term.Share));
        var largest = Math.Max(0, terms.Max(term => term.LogE));
        return largest + Math.Log(terms.Sum(term => term.Share * Math.Exp(term.LogE - largest)) + (notStarted * Math.Exp(-largest)));
    }

    /// <summary>One term for each epoch: the events from it on.</summary>
    private static List<Term> EpochOnsets(IReadOnlyCollection<EpochEvents> rows, double toleratedRatio)
    {
        var terms = new List<Term>();
        var logRatios = ConditionalMixtureTest.Start(toleratedRatio);
        // No LINQ: this runs for each level of each signal, several times a second.
        EpochEvents[] newestFirst = [.. rows];
        Array.Sort(newestFirst, (one, other) => other.Epoch.CompareTo(one.Epoch));
        for (var i = 0; i < newestFirst.Length; i++)
        {
            var epoch = newestFirst[i].Epoch;
            ConditionalMixtureTest.Add(logRatios, newestFirst[i].Events, toleratedRatio);
            if (epoch > 1 && (i + 1 == newestFirst.Length || newestFirst[i + 1].Epoch != epoch))
            {
                terms.Add(new(LaterEpochsShare / ((double)epoch * (epoch - 1)), ConditionalMixtureTest.LogMeanExp(logRatios)));
            }
        }

        terms.Add(new(FirstEpochShare, ConditionalMixtureTest.LogMeanExp(logRatios)));
        return terms;
    }

    private static double WithinShare(int epoch) => WithinEpochsShare / ((double)epoch * (epoch + 1));

    private readonly record struct Term(double Share, double LogE);
}
