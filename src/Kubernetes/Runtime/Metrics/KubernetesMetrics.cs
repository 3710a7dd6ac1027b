using System.Diagnostics.Metrics;

namespace LlmOps.Kubernetes;

/// <summary>
/// What this project measures. Names are those of controller-runtime and client-go where they have one, so that their
/// dashboards work: https://book.kubebuilder.io/reference/metrics-reference
/// </summary>
public static class KubernetesMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "LlmOps.Kubernetes";

    private static readonly double[] Seconds =
        [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private static readonly Meter Meter = new(MeterName);

    internal static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "rest_client_requests_total", description: "Requests to the API server, by verb and HTTP status.");

    internal static readonly Histogram<double> RequestSeconds = Meter.CreateHistogram(
        "rest_client_request_duration_seconds", description: "From a request to the headers of its answer, by verb.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    internal static readonly Counter<long> Reconciles = Meter.CreateCounter<long>(
        "controller_runtime_reconcile_total", description: "Reconciliations, by controller and result (success, requeue_after, conflict, retry_after, error, cancelled).");

    internal static readonly Counter<long> ReconcileErrors = Meter.CreateCounter<long>(
        "controller_runtime_reconcile_errors_total", description: "Reconciliations that failed and come back with a back-off; conflicts are none.");

    internal static readonly Histogram<double> ReconcileSeconds = Meter.CreateHistogram(
        "controller_runtime_reconcile_time_seconds", description: "Length of a reconciliation.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    internal static readonly UpDownCounter<long> ActiveWorkers = Meter.CreateUpDownCounter<long>(
        "controller_runtime_active_workers", description: "Workers that reconcile now.");

    internal static readonly UpDownCounter<long> Workers = Meter.CreateUpDownCounter<long>(
        "controller_runtime_max_concurrent_reconciles", description: "Workers that there are.");

    internal static readonly UpDownCounter<long> QueueDepth = Meter.CreateUpDownCounter<long>(
        "workqueue_depth", description: "Keys that wait for a worker.");

    internal static readonly Counter<long> QueueAdds = Meter.CreateCounter<long>(
        "workqueue_adds_total", description: "Keys that were added and were not waiting already.");

    internal static readonly Counter<long> QueueRetries = Meter.CreateCounter<long>(
        "workqueue_retries_total", description: "Keys that were added again with a back-off.");

    internal static readonly Histogram<double> QueueSeconds = Meter.CreateHistogram(
        "workqueue_queue_duration_seconds", description: "How long a key waited for a worker.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    internal static readonly Histogram<double> WorkSeconds = Meter.CreateHistogram(
        "workqueue_work_duration_seconds", description: "How long a worker had a key.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    internal static readonly LiveGauge LongestWaitSeconds = new(
        Meter, "workqueue_longest_wait_seconds", "How long the key that waits longest has waited for a worker; 0 where none waits.", Math.Max);

    internal static readonly LiveGauge LongestRunSeconds = new(
        Meter, "workqueue_longest_running_processor_seconds", "How long the key that is longest with a worker has been there; 0 where none is.", Math.Max);

    internal static readonly LiveGauge CachedObjects = new(
        Meter, "informer_objects", "Objects in the copies that informers keep, by kind.", (one, other) => one + other);

    internal static readonly Counter<long> WatchRestarts = Meter.CreateCounter<long>(
        "informer_watch_restarts_total", description: "Watches that ended and were started again, by kind and why (closed, idle, failed, expired, corrupt).");

    internal static readonly Counter<long> Relists = Meter.CreateCounter<long>(
        "informer_lists_total", description: "Complete lists that informers read, by kind and why (start, expired, corrupt).");

    internal static readonly Counter<long> ListFailures = Meter.CreateCounter<long>(
        "informer_list_failures_total", description: "Lists that could not be read and are tried again, by kind.");

    internal static readonly Counter<long> UndecodableObjects = Meter.CreateCounter<long>(
        "informer_undecodable_objects_total", description: "Objects that could not be decoded and were skipped.");

    internal static readonly UpDownCounter<long> Leading = Meter.CreateUpDownCounter<long>(
        "leader_election_master_status", description: "1 while this process holds the lease, 0 while it waits for it.");

    internal static readonly Counter<long> DroppedEvents = Meter.CreateCounter<long>(
        "event_recorder_dropped_total", description: "Events that were not written because too many waited or the server refused them.");
}
