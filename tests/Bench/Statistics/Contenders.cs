using MathNet.Numerics.Distributions;

namespace LlmOps.Bench.Statistics;

/// <summary>
/// What others do with the same traffic, on errors alone:
/// a one-sided z-test of two proportions at nominal 1 %, on all counts of the rollout so far, looked at every second;
/// Argo Rollouts' failure limit: the candidate's error rate of the last minute must not be above 5 %, measured every minute, failureLimit 0 (its default: the first failure fails);
/// Kayenta: Mann–Whitney at 98 % on the error rates of 10-second buckets, candidate against stable, judged at the end of each step; "high" fails.
/// </summary>
internal sealed class Contenders
{
    private const double ZThreshold = 2.3263; // one-sided 1 %
    private const double MaxErrorRate = 0.05;
    private const double MannWhitneyZ = 2.3263; // two-sided 98 %
    private const int SecondsPerMeasurement = 60;
    private const int SecondsPerBucket = 10;

    private readonly List<double> candidateRates = [];
    private readonly List<double> stableRates = [];
    private Counts all;
    private Counts measurement;
    private Counts bucket;
    private int second;

    public bool ZTestReverted { get; private set; }

    public bool FailureLimitReverted { get; private set; }

    public bool MannWhitneyReverted { get; private set; }

    public void BeginStep()
    {
        candidateRates.Clear();
        stableRates.Clear();
        (second, bucket, measurement) = (0, default, default);
    }

    /// <summary>Counts of the second that has passed.</summary>
    public void Second(long candidate, long candidateErrors, long stable, long stableErrors)
    {
        var counts = new Counts(candidate, candidateErrors, stable, stableErrors);
        (all, measurement, bucket, second) = (all + counts, measurement + counts, bucket + counts, second + 1);
        ZTestReverted |= all.Z >= ZThreshold;
        if (second % SecondsPerBucket == 0)
        {
            if (bucket is { Candidate: > 0, Stable: > 0 })
            {
                candidateRates.Add((double)bucket.CandidateErrors / bucket.Candidate);
                stableRates.Add((double)bucket.StableErrors / bucket.Stable);
            }

            bucket = default;
        }

        if (second % SecondsPerMeasurement == 0)
        {
            FailureLimitReverted |= measurement.CandidateErrors > MaxErrorRate * measurement.Candidate;
            measurement = default;
        }
    }

    public void EndStep() => MannWhitneyReverted |= MannWhitney(candidateRates, stableRates) >= MannWhitneyZ;

    /// <summary>z of the rank-sum test with correction for ties; large where the first sample is larger.</summary>
    internal static double MannWhitney(IReadOnlyCollection<double> one, IReadOnlyCollection<double> other)
    {
        var sorted = one.Select(value => (Value: value, IsOne: true)).Concat(other.Select(value => (Value: value, IsOne: false))).OrderBy(sample => sample.Value).ToList();
        var (rankSum, ties) = (0.0, 0.0);
        for (var i = 0; i < sorted.Count;)
        {
            var end = i;
            while (end < sorted.Count && sorted[end].Value == sorted[i].Value)
                end++;
            var size = end - i;
            rankSum += sorted.Skip(i).Take(size).Count(sample => sample.IsOne) * ((i + 1 + end) / 2.0);
            ties += Math.Pow(size, 3) - size;
            i = end;
        }

        double n = one.Count, m = other.Count, total = n + m;
        if (n == 0 || m == 0)
            return 0;
        var u = rankSum - (n * (n + 1) / 2);
        var variance = n * m / 12 * (total + 1 - (ties / (total * (total - 1))));
        return variance > 0 ? (u - (n * m / 2)) / Math.Sqrt(variance) : 0;
    }

    private readonly record struct Counts(long Candidate, long CandidateErrors, long Stable, long StableErrors)
    {
        /// <summary>z of the pooled test of two proportions.</summary>
        public double Z
        {
            get
            {
                if (Candidate == 0 || Stable == 0)
                    return 0;
                var pooled = (double)(CandidateErrors + StableErrors) / (Candidate + Stable);
                var spread = Math.Sqrt(pooled * (1 - pooled) * ((1.0 / Candidate) + (1.0 / Stable)));
                return spread > 0 ? (((double)CandidateErrors / Candidate) - ((double)StableErrors / Stable)) / spread : 0;
            }
        }

        public static Counts operator +(Counts one, Counts other) => new(
            one.Candidate + other.Candidate,
            one.CandidateErrors + other.CandidateErrors,
            one.Stable + other.Stable,
            one.StableErrors + other.StableErrors);
    }
}
