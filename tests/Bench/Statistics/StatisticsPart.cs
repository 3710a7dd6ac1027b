using LlmOps.Bench.Reporting;
using LlmOps.Rollouts;
using LlmOps.Rollouts.Statistics;

namespace LlmOps.Bench.Statistics;

/// <summary>What the live tests do over many rollouts: simulated traffic, the product's own test. Seeded, so every run gives the same numbers.</summary>
internal static class StatisticsPart
{
    /// <summary>Most candidate requests of one detection before it counts as missed.</summary>
    private const int LongestDetection = 20_000;

    private const int RequestsPerSecond = 100;
    private const int SecondsPerStep = 120;
    private static readonly int[] Steps = [5, 25, 50];
    private static readonly AnalysisPlan Analysis = new();
    private static readonly TrackBehaviour Stable = new(0.01);

    public static Task<PartResult> RunAsync(BenchContext context, CancellationToken ct) => Task.Run(() => Run(context, ct), ct);

    private static PartResult Run(BenchContext context, CancellationToken ct)
    {
        var rollouts = context.Quick ? 1_000 : 10_000;
        var detections = context.Quick ? 1_000 : 4_000;
        context.Say($"statistics: {rollouts:#,0} rollouts of an identical candidate, 5 → 25 → 50 %, looked at every second");
        var reverted = CountFalseReverts(context, rollouts, ct);
        context.Say($"statistics: {detections:#,0} rollouts each of a candidate with more errors, and of a slower one");
        var errors = Detect(detections, new(0.05), withTtft: false, ct);
        var slower = Detect(detections, new(0.01, Slowdown: 1.5), withTtft: true, ct);

        var rate = 100.0 * reverted / rollouts;
        var upper = 100 * Wilson.Upper(reverted, rollouts, 0.95);
        return new(
            "statistics",
            [
                new("false reverts of an identical candidate", rate, "%")
                {
                    AtMost = 100 * Analysis.FalseRevertProbability,
                    Note = $"{reverted} of {rollouts} simulated rollouts of {Steps.Length} steps of {SecondsPerStep} s at {RequestsPerSecond} requests/s, 1 % errors; at most {upper:0.00} % with 95 % confidence",
                },
                new("errors 1 % → 5 % at 5 % weight: candidate requests until reverted, p50", Quantiles.Median(errors)) { AtMost = 150, Note = $"{detections} simulated rollouts, errors test alone" },
                new("errors 1 % → 5 % at 5 % weight: candidate requests until reverted, p90", Quantiles.Of(errors, 0.9)),
                new("first tokens 1.5 times slower at 5 % weight: candidate requests until reverted, p50", Quantiles.Median(slower)) { Note = "log-normal, σ 0.6; both tests" },
                new("first tokens 1.5 times slower at 5 % weight: candidate requests until reverted, p90", Quantiles.Of(slower, 0.9)),
            ],
            [],
            []);
    }

    private static int CountFalseReverts(BenchContext context, int rollouts, CancellationToken ct)
    {
        var (reverted, done) = (0, 0);
        Parallel.For(0, rollouts, new ParallelOptions { CancellationToken = ct }, seed =>
        {
            if (IsReverted(seed))
                Interlocked.Increment(ref reverted);
            var now = Interlocked.Increment(ref done);
            if (now % (rollouts / 4) == 0)
                context.Say($"statistics: {now:#,0} of {rollouts:#,0}, {Volatile.Read(ref reverted)} reverted");
        });
        return reverted;
    }

    private static bool IsReverted(int seed)
    {
        var traffic = new SimulatedTraffic(seed, Stable, Stable);
        foreach (var weight in Steps)
        {
            traffic.SetWeight(weight);
            for (var second = 0; second < SecondsPerStep; second++)
            {
                for (var i = 0; i < RequestsPerSecond; i++)
                    traffic.Send();
                if (Fails(traffic, withTtft: true))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Candidate requests of each rollout until a test failed; looked at after each failed request of the candidate, or each tenth request where first tokens count.</summary>
    private static double[] Detect(int rollouts, TrackBehaviour worse, bool withTtft, CancellationToken ct)
    {
        var requests = new double[rollouts];
        Parallel.For(0, rollouts, new ParallelOptions { CancellationToken = ct }, seed =>
        {
            var traffic = new SimulatedTraffic(1_000_000 + seed, Stable, worse);
            traffic.SetWeight(5);
            for (var sent = 1; ; sent++)
            {
                var failed = traffic.Send();
                if ((failed || (withTtft && sent % 10 == 0)) && (Fails(traffic, withTtft) || traffic.CandidateRequests > LongestDetection))
                    break;
            }

            requests[seed] = traffic.CandidateRequests;
        });
        return requests;
    }

    private static bool Fails(SimulatedTraffic traffic, bool withTtft) => LiveTests.Run(Analysis, traffic.Evidence(withTtft)).Any(test => test.Verdict == Verdict.Fail);
}
