using LlmOps.Rollouts;
using MathNet.Numerics.Distributions;

namespace LlmOps.Bench.Statistics;

/// <summary>How one track behaves.</summary>
/// <param name="ErrorRate">Share of requests that fail, 0 to 1.</param>
/// <param name="Slowdown">Factor on every time to first token.</param>
internal sealed record TrackBehaviour(double ErrorRate, double Slowdown = 1);

/// <summary>
/// Requests of one rollout, drawn one by one: assigned by weight, failing by rate, with log-normal times to first token (σ of the logarithm 0.6)
/// that are compared with stable's true p50, p75, p90, p95 and p99. Counts are kept as a gateway keeps them.
/// </summary>
internal sealed class SimulatedTraffic
{
    private const double Sigma = 0.6;
    private static readonly double[] Quantiles = [0.5, 0.75, 0.9, 0.95, 0.99];

    private readonly Random random;
    private readonly Track stable;
    private readonly Track candidate;
    private readonly List<EvidenceRow> finished = [];
    private int epoch;
    private int weight;

    public SimulatedTraffic(int seed, TrackBehaviour stable, TrackBehaviour candidate)
    {
        random = new(seed);
        this.stable = new(stable);
        this.candidate = new(candidate);
    }

    /// <summary>Requests that the candidate got so far, over all epochs.</summary>
    public long CandidateRequests => finished.Sum(row => row.Candidate.Requests) + candidate.Requests;

    /// <summary>Begins the next weight epoch.</summary>
    public void SetWeight(int percent)
    {
        if (epoch > 0)
            finished.Add(Row());
        (epoch, weight) = (epoch + 1, percent);
        stable.Clear();
        candidate.Clear();
    }

    /// <summary>Sends one request. True: it was the candidate's and failed, which is when an errors test can fire.</summary>
    public bool Send()
    {
        var isCandidate = random.NextDouble() * 100 < weight;
        return (isCandidate ? candidate : stable).Count(random) && isCandidate;
    }

    /// <summary>The counts as the operator reads them.</summary>
    /// <param name="withTtft">False leaves out the slow first tokens, as while stable's quantiles are unknown.</param>
    public EquatableArray<EvidenceRow> Evidence(bool withTtft)
    {
        EvidenceRow[] rows = [.. finished, Row()];
        return [.. withTtft ? rows : rows.Select(row => row with { Stable = row.Stable with { SlowTtft = [] }, Candidate = row.Candidate with { SlowTtft = [] } })];
    }

    private EvidenceRow Row() => new("simulated", epoch, weight, stable.ToCounts(), candidate.ToCounts());

    private sealed class Track
    {
        private readonly double errorRate;

        /// <summary>Chance of an answer no slower than each of stable's quantiles.</summary>
        private readonly double[] within;
        private readonly long[] slow = new long[Quantiles.Length];
        private long errors;

        public Track(TrackBehaviour behaviour)
        {
            errorRate = behaviour.ErrorRate;
            within = [.. Quantiles.Select(q => Normal.CDF(0, Sigma, (Sigma * Normal.InvCDF(0, 1, q)) - Math.Log(behaviour.Slowdown)))];
        }

        public long Requests { get; private set; }

        /// <summary>True where the request failed.</summary>
        public bool Count(Random random)
        {
            Requests++;
            var latency = random.NextDouble();
            for (var i = 0; i < slow.Length && latency > within[i]; i++)
                slow[i]++;
            if (random.NextDouble() >= errorRate)
                return false;
            errors++;
            return true;
        }

        public void Clear()
        {
            (Requests, errors) = (0, 0);
            Array.Clear(slow);
        }

        public TrackCounts ToCounts() => new(Requests, errors, [.. slow]);
    }
}
