using System.Diagnostics.Metrics;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Limits;
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

    /// <param name="meterName">Name of the meter.</param>
    /// <param name="ledger">Its counts are metrics too.</param>
    /// <param name="limit">How full the house is.</param>
    /// <param name="retired">Where the series of releases go that no longer serve.</param>
    public GatewayMetrics(string meterName, EvidenceLedger ledger, ConcurrencyLimit limit, RetiredSeries retired)
    {
        Meter = new Meter(meterName);
        this.ledger = ledger;
        Retired = retired;
        Requests = Meter.CreateCounter<long>(GatewayMetricNames.Requests, description: "Requests answered, by the release that answered and the HTTP status; code 499 is a client that left.");
        RequestSeconds = Histogram(GatewayMetricNames.RequestSeconds, "Time from the whole request to the end of the answer.", LatencySeconds);
        TimeToFirstTokenSeconds = Histogram(GatewayMetricNames.TimeToFirstTokenSeconds, "Time from the whole request to the first content of a streamed answer, as the client saw it.", LatencySeconds);
        TimePerOutputTokenSeconds = Histogram(GatewayMetricNames.TimePerOutputTokenSeconds, "Mean time between output tokens after the first, of streamed answers.", TokenSeconds);
        Tokens = Meter.CreateCounter<long>(GatewayMetricNames.Tokens, description: "Tokens, by direction (input, output); estimated ones are counted by chunks, where the engine gave no usage.");
        Fallbacks = Meter.CreateCounter<long>(GatewayMetricNames.Fallbacks, description: "Requests of the candidate that went to stable before their first byte, by reason.");
        Retries = Meter.CreateCounter<long>(GatewayMetricNames.Retries, description: "Second and further attempts at another endpoint of the same release.");
        Cost = Meter.CreateCounter<double>(GatewayMetricNames.Cost, description: "What answers cost by spec.pricing, where the engine gave the usage.");
        Mirrored = Meter.CreateCounter<long>(GatewayMetricNames.Mirrored, description: "Copies of stable's requests that the candidate got, by outcome: answered, failed, cancelled.");
        NotMirrored = Meter.CreateCounter<long>(GatewayMetricNames.NotMirrored, description: "Requests that were to be copied and were not, because maxConcurrent copies ran.");
        Feedback = Meter.CreateCounter<long>(GatewayMetricNames.Feedback, description: "Ratings of users (positive, negative), by the release that their session or user has.");
        InFlight = Meter.CreateUpDownCounter<long>(GatewayMetricNames.InFlight, description: "Attempts that run now.");
        Meter.CreateObservableGauge(GatewayMetricNames.Concurrent, () => limit.Running, description: "Requests of clients in the house, from the first byte of the body to the last of the answer.");
        Meter.CreateObservableGauge(GatewayMetricNames.ConcurrencyLimit, () => limit.Most, description: "Requests of clients that this gateway takes at one time; further ones get 503.");
        Meter.CreateObservableCounter(GatewayMetricNames.Refused, () => limit.Refused, description: "Requests that got 503 because too many were in the house.");
        Meter.CreateObservableCounter(GatewayMetricNames.Assigned, ObserveAssigned, description: "Requests assigned while a candidate has traffic, by track and weight epoch.");
        Meter.CreateObservableCounter(GatewayMetricNames.Bad, ObserveBad, description: "Bad events (error, blocked, negative_feedback, render_failure, unauthorized, slow_ttft_p50 …, slow_time_per_output_token_p50 …, long_output_p50 …, costly_p50 …), at most one per sticky unit and rollout, by the assigned track and weight epoch.");
    }

    public Meter Meter { get; }

    public Counter<long> Requests { get; }

    public Histogram<double> RequestSeconds { get; }

    public Histogram<double> TimeToFirstTokenSeconds { get; }

    public Histogram<double> TimePerOutputTokenSeconds { get; }

    public Counter<long> Tokens { get; }

    public Counter<long> Fallbacks { get; }

    public Counter<long> Retries { get; }

    public Counter<double> Cost { get; }

    public Counter<long> Mirrored { get; }

    public Counter<long> NotMirrored { get; }

    public Counter<long> Feedback { get; }

    public UpDownCounter<long> InFlight { get; }

    /// <summary>Series of releases that no longer serve.</summary>
    public RetiredSeries Retired { get; }

    /// <summary>The series of one release.</summary>
    public ReleaseMeter ForRelease(ObjectKey deployment, string release, string track) => new(this, deployment, release, track);

    public void Dispose() => Meter.Dispose();

    private Histogram<double> Histogram(string name, string description, double[] boundaries) =>
        Meter.CreateHistogram(name, description: description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private IEnumerable<Measurement<long>> ObserveAssigned() =>
        from t in Tracks()
        select new Measurement<long>(t.Counts.Requests, Tags(t.Rollout, t.Track, t.Epoch));

    private IEnumerable<Measurement<long>> ObserveBad() =>
        from t in Tracks()
        from bad in Bad(t.Counts, t.Epoch.Thresholds)
        select new Measurement<long>(bad.Count, [.. Tags(t.Rollout, t.Track, t.Epoch), new(GatewayMetricNames.KindLabel, bad.Kind)]);

    private static IEnumerable<(string Kind, long Count)> Bad(TrackCounts counts, Thresholds thresholds)
    {
        return
        [
            ("error", counts.Errors),
            ("blocked", counts.Blocked),
            ("negative_feedback", counts.NegativeFeedback),
            ("render_failure", counts.RenderFailures),
            ("unauthorized", counts.Unauthorized),
            .. Above("slow_ttft", Signal.SlowTtft, thresholds.Ttft, Thresholds.LatencyQuantiles),
            .. Above("slow_time_per_output_token", Signal.SlowTimePerOutputToken, thresholds.TimePerOutputToken, Thresholds.LatencyQuantiles),
            .. Above("long_output", Signal.LongOutput, thresholds.OutputTokens, Thresholds.AmountQuantiles),
            .. Above("costly", Signal.Costly, thresholds.Cost, Thresholds.AmountQuantiles),
        ];

        List<(string Kind, long Count)> Above(string kind, Signal signal, double[]? known, ReadOnlySpan<double> quantiles)
        {
            var bad = new List<(string, long)>();
            for (var i = 0; known is not null && i < quantiles.Length; i++)
                bad.Add(($"{kind}_p{quantiles[i] * 100:0}", counts.Above(signal, i)));
            return bad;
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
