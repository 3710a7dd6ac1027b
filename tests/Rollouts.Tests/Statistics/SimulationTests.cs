using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

/// <summary>The two promises of the live tests, on simulated traffic with fixed seeds: few false reverts, and fast true ones.</summary>
public sealed class SimulationTests
{
    // Share of requests of a release like stable that fall beyond p50, p75, p90, p95 and p99.
    private static readonly double[] SlowShares = [0.5, 0.25, 0.1, 0.05, 0.01];

    [Fact]
    public void A_candidate_like_stable_is_reverted_no_more_often_than_configured()
    {
        const int Rollouts = 2000;
        var analysis = new AnalysisPlan(FalseRevertProbability: 0.01) { Tolerance = new(Errors: 1, Ttft: 1) };
        var random = new Random(20260701);
        var reverts = Enumerable.Range(0, Rollouts).Count(_ => IsReverted(analysis, random));
        Assert.InRange(reverts, 1, (int)(Rollouts * analysis.FalseRevertProbability));
    }

    [Fact]
    public void One_to_five_per_cent_errors_at_weight_five_are_found_within_150_candidate_requests_in_the_median()
    {
        var analysis = new AnalysisPlan();
        var random = new Random(20260702);
        var requests = Enumerable.Range(0, 2000).Select(_ => CandidateRequestsUntilRevert(analysis, random)).Order().ToList();
        Assert.InRange(requests[requests.Count / 2], 100, 150);
    }

    /// <summary>Three weights, 6,000 requests each, looked at every 150 requests.</summary>
    private static bool IsReverted(AnalysisPlan analysis, Random random)
    {
        var rows = new List<EvidenceRow>();
        foreach (var weight in new[] { 5, 25, 50 })
        {
            var (stable, candidate) = (new Counts(), new Counts());
            for (var look = 0; look < 40; look++)
            {
                for (var i = 0; i < 150; i++)
                {
                    (random.Next(100) < weight ? candidate : stable).Add(random, errorRate: 0.01);
                }

                var row = new EvidenceRow("g1", rows.Count + 1, weight, stable.ToTrack(), candidate.ToTrack());
                if (LiveTests.Run(analysis, rows.Append(row).ToEquatableArray()).Any(test => test.Verdict == Verdict.Fail))
                {
                    return true;
                }
            }

            rows.Add(new EvidenceRow("g1", rows.Count + 1, weight, stable.ToTrack(), candidate.ToTrack()));
        }

        return false;
    }

    private static long CandidateRequestsUntilRevert(AnalysisPlan analysis, Random random)
    {
        var (stable, candidate) = (new Counts(), new Counts());
        while (true)
        {
            var isCandidate = random.Next(100) < 5;
            var isError = isCandidate ? candidate.Add(random, errorRate: 0.05) : stable.Add(random, errorRate: 0.01);
            if (isError && LiveTests.Run(analysis, [new("g1", 1, 5, stable.ToTrack(), candidate.ToTrack())]).Any(test => test.Verdict == Verdict.Fail))
            {
                return candidate.Requests;
            }
        }
    }

    private sealed class Counts
    {
        private readonly long[] slow = new long[SlowShares.Length];
        private long errors;

        public long Requests { get; private set; }

        public bool Add(Random random, double errorRate)
        {
            Requests++;
            var rank = random.NextDouble();
            for (var i = 0; i < slow.Length && rank < SlowShares[i]; i++)
            {
                slow[i]++;
            }

            var isError = random.NextDouble() < errorRate;
            errors += isError ? 1 : 0;
            return isError;
        }

        public TrackCounts ToTrack() => new(Requests, errors, slow.ToEquatableArray());
    }
}
