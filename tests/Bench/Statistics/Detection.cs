using LlmOps.Bench.Reporting;
using LlmOps.Rollouts;
using LlmOps.Rollouts.Statistics;
using MathNet.Numerics.Distributions;

namespace LlmOps.Bench.Statistics;

/// <summary>A worse candidate, and what research/statistics.md says how soon it is found.</summary>
/// <param name="ErrorRate">The candidate's, 0 to 1; stable's is 1 %.</param>
/// <param name="Slowdown">Factor on every time to the first token; above 1, errors are left out.</param>
/// <param name="Median">Published candidate requests of the single test at α = 1 %; null where there is none.</param>
/// <param name="P90">The same, 90th percentile.</param>
internal sealed record WorseCandidate(string Name, int WeightPercent, double ErrorRate, double Slowdown, double? Median, double? P90)
{
    public static IReadOnlyList<WorseCandidate> All { get; } =
    [
        new("errors 1 % → 2 %", 1, 0.02, 1, 1454, 3053),
        new("errors 1 % → 2 %", 5, 0.02, 1, 1506, 3226),
        new("errors 1 % → 2 %", 25, 0.02, 1, 2001, 4071),
        new("errors 1 % → 5 %", 1, 0.05, 1, 130, 311),
        new("errors 1 % → 5 %", 5, 0.05, 1, 143, 323),
        new("errors 1 % → 5 %", 25, 0.05, 1, 189, 421),
        new("errors 1 % → 50 %", 1, 0.5, 1, 5, 11),
        new("errors 1 % → 50 %", 5, 0.5, 1, 5, 11),
        new("errors 1 % → 50 %", 25, 0.5, 1, 10, 17),
        new("first tokens 1.5 times slower", 1, 0.01, 1.5, null, null),
        new("first tokens 1.5 times slower", 5, 0.01, 1.5, 54, 107),
        new("first tokens 1.5 times slower", 25, 0.01, 1.5, 71, 142),
    ];

    public bool IsSlow => Slowdown > 1;
}

/// <summary>Candidate requests until found.</summary>
/// <param name="Share">Of rollouts in which it was found at all, 0 to 1.</param>
internal sealed record Found(double Median, double P90, double Share)
{
    public static Found Of(IReadOnlyCollection<double> requests) =>
        new(Quantiles.Median(requests), Quantiles.Of(requests, 0.9), requests.Count == 0 ? 0 : requests.Count(double.IsFinite) / (double)requests.Count);
}

/// <summary>How soon a worse candidate is found, request by request.</summary>
internal static class Detection
{
    private const double StableErrorRate = 0.01;

    /// <summary>Of the time-based methods: longer than any step is held.</summary>
    private const int LongestSeconds = 1200;

    /// <summary>The plain test of one signal at α = 1 %, without tolerance: what the tables were made with.</summary>
    public static Found SingleTest(WorseCandidate worse, int rollouts, CancellationToken ct)
    {
        var threshold = ConditionalMixtureTest.LogThreshold(0.01);
        return EachRequest(worse, rollouts, row =>
        {
            BadEvents Events(long candidate, long stable) => new(row.WeightPercent, candidate, stable);
            var logE = worse.IsSlow
                ? ConditionalMixtureTest.LogMeanExp([.. row.Candidate.SlowTtft.Zip(row.Stable.SlowTtft).Select(slow => ConditionalMixtureTest.LogE([Events(slow.First, slow.Second)], 1))])
                : ConditionalMixtureTest.LogE([Events(row.Candidate.Errors, row.Stable.Errors)], 1);
            return logE >= threshold;
        }, ct);
    }

    /// <summary>The product with its default shares and tolerances.</summary>
    public static Found Product(WorseCandidate worse, int rollouts, CancellationToken ct)
    {
        var analysis = new AnalysisPlan();
        return EachRequest(worse, rollouts, row => LiveTests.Run(analysis, [row]).Any(test => test.Verdict == Verdict.Fail), ct);
    }

    /// <summary>The methods of others, second by second at 100 requests/s, on errors.</summary>
    public static (Found ZTest, Found FailureLimit, Found MannWhitney) Others(WorseCandidate worse, int rollouts, CancellationToken ct)
    {
        var (zTest, failureLimit, mannWhitney) = (new double[rollouts], new double[rollouts], new double[rollouts]);
        Parallel.For(0, rollouts, new ParallelOptions { CancellationToken = ct }, seed =>
        {
            var random = new Random(3_000_000 + seed);
            var contenders = new Contenders();
            (zTest[seed], failureLimit[seed], mannWhitney[seed]) = (double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);
            long requests = 0;
            for (var second = 1; second <= LongestSeconds; second++)
            {
                var candidate = Binomial.Sample(random, worse.WeightPercent / 100.0, NullRollouts.RequestsPerSecond);
                var stable = NullRollouts.RequestsPerSecond - candidate;
                requests += candidate;
                contenders.Second(candidate, Binomial.Sample(random, worse.ErrorRate, candidate), stable, Binomial.Sample(random, StableErrorRate, stable));
                if (second % NullRollouts.SecondsPerStep == 0)
                    contenders.EndStep();
                zTest[seed] = contenders.ZTestReverted ? Math.Min(zTest[seed], requests) : zTest[seed];
                failureLimit[seed] = contenders.FailureLimitReverted ? Math.Min(failureLimit[seed], requests) : failureLimit[seed];
                mannWhitney[seed] = contenders.MannWhitneyReverted ? Math.Min(mannWhitney[seed], requests) : mannWhitney[seed];
            }
        });
        return (Found.Of(zTest), Found.Of(failureLimit), Found.Of(mannWhitney));
    }

    /// <summary>Looks after each bad event of the candidate: nothing else can raise the evidence.</summary>
    private static Found EachRequest(WorseCandidate worse, int rollouts, Func<EvidenceRow, bool> isFound, CancellationToken ct)
    {
        // Rank, among stable's, of the slower latency: Φ(Φ⁻¹(u) + ln(slowdown)/σ).
        var shift = Math.Log(worse.Slowdown) / Latency.Sigma;
        var requests = new double[rollouts];
        Parallel.For(0, rollouts, new ParallelOptions { CancellationToken = ct }, seed =>
        {
            var random = new Random(1_000_000 + seed);
            var (stable, candidate) = (new SimulatedTrack(), new SimulatedTrack());
            while (true)
            {
                var isCandidate = random.NextDouble() * 100 < worse.WeightPercent;
                var track = isCandidate ? candidate : stable;
                track.Requests++;
                bool isBad;
                if (worse.IsSlow)
                {
                    var rank = random.NextDouble();
                    rank = isCandidate ? Normal.CDF(0, 1, Normal.InvCDF(0, 1, rank) + shift) : rank;
                    track.CountTtft(rank);
                    isBad = rank > Latency.Quantiles[0];
                }
                else
                {
                    isBad = random.NextDouble() < (isCandidate ? worse.ErrorRate : StableErrorRate);
                    track.Errors += isBad ? 1 : 0;
                }

                if (isBad && isCandidate && isFound(new("simulated", 1, worse.WeightPercent, stable.ToCounts(worse.IsSlow), candidate.ToCounts(worse.IsSlow))))
                    break;
            }

            requests[seed] = candidate.Requests;
        });
        return Found.Of(requests);
    }
}
