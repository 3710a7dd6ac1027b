using MathNet.Numerics;

namespace LlmOps.Rollouts.Statistics;

/// <summary>Sample-ratio mismatch: does the candidate get the share of the units that its weight says? If not, routing is wrong, and no comparison can be trusted.</summary>
/// <remarks>
/// Two-sided: per gateway process, the likelihood of the candidate's and stable's units under a share drawn from a Beta distribution around the weight w (κ = 100,
/// so as wide as ± √(w(1−w)/101)) against their likelihood under w itself. A unit may show up at several gateways, so these e-processes depend on each other:
/// they are averaged, which keeps them one. It looks at the present epoch, so a mismatch that was mended is over with it. Mirrored epochs split nothing.
/// It never reverts, and its error rate is its own.
/// </remarks>
public static class ShareTest
{
    public const string Name = "traffic/share";

    /// <summary>Chance per epoch that a right split is called wrong.</summary>
    public const double FalseAlarmProbability = 0.001;

    /// <summary>ln 20: a mismatch is over once the evidence has fallen below it.</summary>
    private static readonly double LogOver = Math.Log(20);

    private const double Concentration = 100;

    /// <summary>NoData where no units were counted; ProviderError on a mismatch.</summary>
    /// <param name="epoch">The present one.</param>
    /// <param name="wasMismatch">Whether it was one when last looked at.</param>
    public static LiveTest Run(EquatableArray<EvidenceRow> rows, int epoch, bool wasMismatch)
    {
        var counted = Counted(rows, epoch);
        var logE = LogE(counted);
        var threshold = wasMismatch ? LogOver : ConditionalMixtureTest.LogThreshold(FalseAlarmProbability);
        var verdict = counted.Count == 0 ? Verdict.NoData : logE >= threshold ? Verdict.ProviderError : Verdict.Pass;
        return new(Name, verdict, logE, threshold, $"{Numbers(counted)}; ln M {logE:0.00} {(logE >= threshold ? "reaches" : "is below")} {threshold:0.00}");
    }

    /// <summary>The rows, those of epochs with a mismatch at the share that was observed: at the weight that was meant, a candidate would be blamed for requests that it got by mistake.</summary>
    public static EquatableArray<EvidenceRow> AtObservedShares(EquatableArray<EvidenceRow> rows)
    {
        Dictionary<int, int>? observed = null;
        foreach (var epoch in rows.Select(row => row.Epoch).Distinct())
        {
            if (LogE(Counted(rows, epoch)) >= ConditionalMixtureTest.LogThreshold(FalseAlarmProbability))
            {
                (observed ??= []).Add(epoch, ObservedPercent(rows, epoch));
            }
        }

        return observed is null
            ? rows
            : rows.Select(row => !row.Mirrored && observed.TryGetValue(row.Epoch, out var percent) ? row with { WeightPercent = percent } : row).ToEquatableArray();
    }

    /// <summary>Rounded up, which favours the candidate.</summary>
    private static int ObservedPercent(EquatableArray<EvidenceRow> rows, int epoch)
    {
        var units = rows.Where(row => row.Epoch == epoch && !row.Mirrored).Aggregate((Candidate: 0L, All: 0L), (sum, row) => (sum.Candidate + row.Candidate.Units, sum.All + row.Candidate.Units + row.Stable.Units));
        return Math.Clamp((int)Math.Ceiling(100.0 * units.Candidate / units.All), 1, 99);
    }

    private static List<EvidenceRow> Counted(EquatableArray<EvidenceRow> rows, int epoch) =>
        rows.Where(row => row.Epoch == epoch && !row.Mirrored && row.WeightPercent is > 0 and < 100 && row.Candidate.Units + row.Stable.Units > 0).ToList();

    private static double LogE(List<EvidenceRow> counted) =>
        ConditionalMixtureTest.LogMeanExp([.. counted.Select(row => LogE(row.WeightPercent, row.Candidate.Units, row.Stable.Units))]);

    /// <summary>ln M of one process.</summary>
    /// <param name="weightPercent">Above 0 and below 100.</param>
    internal static double LogE(int weightPercent, long candidate, long stable)
    {
        var weight = weightPercent / 100.0;
        var (a, b) = (Concentration * weight, Concentration * (1 - weight));
        return SpecialFunctions.BetaLn(a + candidate, b + stable) - SpecialFunctions.BetaLn(a, b) - (candidate * Math.Log(weight)) - (stable * Math.Log(1 - weight));
    }

    private static string Numbers(List<EvidenceRow> rows)
    {
        var candidate = rows.Sum(row => row.Candidate.Units);
        var all = candidate + rows.Sum(row => row.Stable.Units);
        return all == 0 ? "no sessions were counted yet" : $"the candidate got {candidate} of {all} sessions ({100.0 * candidate / all:0.0}%) at a weight of {rows[0].WeightPercent}%";
    }
}
