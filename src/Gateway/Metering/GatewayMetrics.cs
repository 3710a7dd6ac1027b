using System.Diagnostics.Metrics;
using LlmOps.Gateway.Evidence;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Metering;

/// <summary>The gateway's instruments.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    private static readonly double[] LatencySeconds =
        [0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160];

    private static readonly double[] TokenSeconds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

    private readonly EvidenceLedger ledger;

    public GatewayMetrics(string meterName, EvidenceLedger ledger)
    {
        Meter = new Meter(meterName);
        this.ledger = ledger;
        Requests = Meter.CreateCounter<long>(GatewayMetricNames.Requests, description: "Requests answered, by the release that answered and the HTTP status; code 499 is a client that left.");
        RequestSeconds = Histogram(GatewayMetricNames.RequestSeconds, "Time from the whole request to the end of the answer.", LatencySeconds);
        TimeToFirstTokenSeconds = Histogram(GatewayMetricNames.TimeToFirstTokenSeconds, "Time from the whole request to the first content of a streamed answer, as the client saw it.", LatencySeconds);
        TimePerOutputTokenSeconds = Histogram(GatewayMetricNames.TimePerOutputTokenSeconds, "Mean time between output tokens after the first, of streamed answers.", TokenSeconds);
        Tokens = Meter.CreateCounter<long>(GatewayMetricNames.Tokens, description: "Tokens, by direction (input, output); estimated ones are counted by chunks, where the engine gave no usage.");
        Fallbacks = Meter.CreateCounter<long>(GatewayMetricNames.Fallbacks, description: "Requests of the candidate that went to stable before their first byte, by reason.");
        Retries = Meter.CreateCounter<long>(GatewayMetricNames.Retries, description: "Second and further attempts at another endpoint of the same release.");
        InFlight = Meter.CreateUpDownCounter<long>(GatewayMetricNames.InFlight, description: "Attempts that run now.");
        Meter.CreateObservableCounter(GatewayMetricNames.Assigned, ObserveAssigned, description: "Requests assigned while a candidate has traffic, by track and weight epoch.");
        Meter.CreateObservableCounter(GatewayMetricNames.Bad, ObserveBad, description: "Bad events (error, slow_ttft_p50 …), at most one per sticky unit and rollout, by the assigned track and weight epoch.");
    }

    public Meter Meter { get; }

    public Counter<long> Requests { get; }

    public Histogram<double> RequestSeconds { get; }

    public Histogram<double> TimeToFirstTokenSeconds { get; }

    public Histogram<double> TimePerOutputTokenSeconds { get; }

    public Counter<long> Tokens { get; }

    public Counter<long> Fallbacks { get; }

    public Counter<long> Retries { get; }

    public UpDownCounter<long> InFlight { get; }

    /// <summary>The series of one release.</summary>
    public ReleaseMeter ForRelease(ObjectKey deployment, string release, string track) => new(this, deployment, release, track);

    public void Dispose() => Meter.Dispose();

    private Histogram<double> Histogram(string name, string description, double[] boundaries) =>
        Meter.CreateHistogram(name, description: description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private IEnumerable<Measurement<long>> ObserveAssigned() =>
        from t in Tracks()
        select new Measurement<long>(t.Counts.Requests, Tags(t.Rollout, t.Track, t.Epoch));

    private IEnumerable<Measurement<long>> ObserveBad()
    {
        foreach (var (rollout, epoch, track, counts) in Tracks())
        {
            yield return new(counts.Errors, [.. Tags(rollout, track, epoch), new(GatewayMetricNames.KindLabel, "error")]);
            for (var i = 0; i < epoch.ThresholdsSeconds.Count; i++)
                yield return new(counts.Slow(i), [.. Tags(rollout, track, epoch), new(GatewayMetricNames.KindLabel, $"slow_ttft_p{EpochEvidence.Quantiles[i] * 100:0}")]);
        }
    }

    private IEnumerable<(RolloutEvidence Rollout, EpochEvidence Epoch, string Track, TrackCounts Counts)> Tracks()
    {
        foreach (var rollout in ledger.Rollouts)
        {
            foreach (var epoch in rollout.Epochs)
            {
                yield return (rollout, epoch, Api.Tracks.Stable, epoch.Stable);
                yield return (rollout, epoch, Api.Tracks.Candidate, epoch.Candidate);
            }
        }
    }

    private static KeyValuePair<string, object?>[] Tags(RolloutEvidence rollout, string track, EpochEvidence epoch) =>
    [
        new(GatewayMetricNames.DeploymentLabel, rollout.Deployment.Name),
        new(GatewayMetricNames.NamespaceLabel, rollout.Deployment.Namespace),
        new(GatewayMetricNames.TrackLabel, track),
        new(GatewayMetricNames.RolloutLabel, rollout.Rollout),
        new(GatewayMetricNames.EpochLabel, epoch.Epoch),
    ];
}
