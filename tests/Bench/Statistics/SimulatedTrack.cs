using LlmOps.Rollouts;

namespace LlmOps.Bench.Statistics;

/// <summary>Counts of one track in one weight epoch, kept as a gateway keeps them.</summary>
internal sealed class SimulatedTrack
{
    private readonly long[] slowTtft = new long[5];
    private readonly long[] slowTimePerOutputToken = new long[5];

    public long Requests { get; set; }

    public long Errors { get; set; }

    public long Units { get; set; }

    /// <summary>Counts a latency by its rank, 0 the fastest and 1 the slowest of stable's.</summary>
    public void CountTtft(double rank) => Count(slowTtft, rank);

    /// <inheritdoc cref="CountTtft"/>
    public void CountTimePerOutputToken(double rank) => Count(slowTimePerOutputToken, rank);

    public TrackCounts ToCounts(bool withLatency) => withLatency
        ? new(Requests, Errors, [.. slowTtft]) { Units = Units, SlowTimePerOutputToken = [.. slowTimePerOutputToken] }
        : new(Requests, Errors) { Units = Units };

    private static void Count(long[] slow, double rank)
    {
        for (var i = 0; i < slow.Length && rank > Latency.Quantiles[i]; i++)
            slow[i]++;
    }
}

/// <summary>Stable's latencies: log-normal, σ of the logarithm 0.6. Of an answer only its rank among them matters.</summary>
internal static class Latency
{
    public const double Sigma = 0.6;

    /// <summary>Quantiles of stable that are thresholds.</summary>
    public static readonly double[] Quantiles = [0.5, 0.75, 0.9, 0.95, 0.99];
}
