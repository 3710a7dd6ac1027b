using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>An engine pod whose metrics are wanted.</summary>
internal sealed record MeasuredPod(Pod Pod, IEngine Engine, EngineAccess Access);

/// <summary>What the counters of some pods said last, and why others said nothing.</summary>
internal sealed record EngineCounts(EquatableArray<CounterReading> Readings, string? Failure);

/// <summary>
/// Asks engine pods for their own metrics: how many requests they have in flight, and how many they have answered, which is all that can be known of requests that pass no
/// gateway of ours. Guarantees: never blocks and never throws; one request to a pod at a time; a pod that does not answer is unknown.
/// </summary>
/// <param name="wake">Called with the LlmDeployment whose requests in flight changed.</param>
/// <param name="lifetime">Ends requests that run.</param>
internal sealed class EngineMetricsReader(EngineCaller engines, Action<ObjectKey> wake, TimeProvider time, CancellationToken lifetime)
{
    /// <summary>A pod is asked at most so often for what it has in flight, whoever asks.</summary>
    private static readonly TimeSpan InFlightEvery = TimeSpan.FromMilliseconds(900);

    /// <summary>An answer tells what is in flight for so long.</summary>
    private static readonly TimeSpan InFlightFor = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan CountsEvery = TimeSpan.FromSeconds(2);

    /// <summary>Counts stay until there are newer ones; not to get any for so long is a failure.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, PodMetrics> known = new(StringComparer.Ordinal);

    /// <summary>Requests that run or wait in all of these pods together; null while that is not known of one of them. Starts what is missing.</summary>
    public int? InFlight(ObjectKey deployment, IEnumerable<MeasuredPod> pods)
    {
        int? sum = 0;
        // A pod without an address has never had a request.
        foreach (var pod in pods.Where(pod => pod.Pod.Status is { PodIP.Length: > 0, Phase: not ("Succeeded" or "Failed") }))
        {
            var metrics = Ask(deployment, pod, InFlightEvery);
            sum += metrics?.Sample is { } sample && time.GetElapsedTime(sample.At) < InFlightFor ? sample.Value.InFlight : null;
        }

        return sum;
    }

    /// <summary>What is known of the requests that these pods have answered. Starts what is missing.</summary>
    public EngineCounts Counts(ObjectKey deployment, IEnumerable<(MeasuredPod Pod, bool IsCandidate)> wanted)
    {
        var readings = new List<CounterReading>();
        string? failure = null;
        foreach (var (pod, isCandidate) in wanted)
        {
            if (pod.Pod.Status?.PodIP is not { Length: > 0 } || Ask(deployment, pod, CountsEvery) is not { } metrics)
                continue;
            if (metrics.Counts is { } last)
                readings.Add(new(last.Process, isCandidate, last.Counts.Requests, last.Counts.Errors, last.ReadAt));
            if (time.GetElapsedTime(metrics.CountedAt) > Patience)
                failure ??= $"the metrics of pod {pod.Pod.Metadata.Name} cannot be read";
        }

        return new(readings.OrderBy(reading => reading.Process, StringComparer.Ordinal).ToEquatableArray(), failure);
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string? podUid)
    {
        if (podUid is not null)
            known.TryRemove(podUid, out _);
    }

    /// <summary>A container that starts anew counts from 0: that is another process.</summary>
    private static string Process(Pod pod) =>
        $"{pod.Metadata.Uid}/{pod.Status?.ContainerStatuses?.FirstOrDefault(container => container.Name == PodTemplateBuilder.ContainerName)?.RestartCount ?? 0}";

    private PodMetrics? Ask(ObjectKey deployment, MeasuredPod pod, TimeSpan every)
    {
        if (pod.Pod.Metadata.Uid is not { } uid)
            return null;
        var metrics = known.GetOrAdd(uid, _ => new PodMetrics(time.GetTimestamp()));
        if (metrics.TryBegin(time, every))
            _ = Task.Run(() => ReadAsync(deployment, pod, metrics), CancellationToken.None);
        return metrics;
    }

    private async Task ReadAsync(ObjectKey deployment, MeasuredPod pod, PodMetrics metrics)
    {
        var sample = EngineSample.Nothing;
        try
        {
            using var timeout = new CancellationTokenSource(Timeout, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, lifetime);
            // Before the request: what is counted while it is under way must not be taken for what was there before.
            var readAt = time.GetUtcNow();
            var answer = await engines.GetAsync(pod.Pod, pod.Access, "/metrics", stop.Token);
            if (answer.IsSuccess)
            {
                sample = EngineSample.Parse(answer.Text, pod.Engine.Metrics);
                if (pod.Engine.CountRequests(answer.Text) is { } counts)
                    metrics.Counted(new(Process(pod.Pod), counts, readAt), time.GetTimestamp());
            }
        }
        catch (Exception)
        {
            // Whatever it is: the engine did not say.
        }

        var before = metrics.Sample?.Value.InFlight;
        metrics.End(new(sample, time.GetTimestamp()));
        if (sample.InFlight != before && !lifetime.IsCancellationRequested && known.ContainsKey(pod.Pod.Metadata.Uid!))
            wake(deployment);
    }

    private sealed record Counted(string Process, RequestCounts Counts, DateTimeOffset ReadAt);

    private sealed record Sampled(EngineSample Value, long At);

    private sealed class PodMetrics(long since)
    {
        private int isRunning;
        private long startedAt;
        private long countedAt = since;
        private volatile Counted? counts;
        private volatile Sampled? sample;

        public Sampled? Sample => sample;

        public Counted? Counts => counts;

        /// <summary>When it was counted last, or first asked.</summary>
        public long CountedAt => Interlocked.Read(ref countedAt);

        public bool TryBegin(TimeProvider time, TimeSpan every)
        {
            if (startedAt != 0 && time.GetElapsedTime(Interlocked.Read(ref startedAt)) < every)
                return false;
            if (Interlocked.Exchange(ref isRunning, 1) != 0)
                return false;
            Interlocked.Exchange(ref startedAt, time.GetTimestamp());
            return true;
        }

        public void Counted(Counted value, long at)
        {
            counts = value;
            Interlocked.Exchange(ref countedAt, at);
        }

        public void End(Sampled value)
        {
            sample = value;
            Interlocked.Exchange(ref isRunning, 0);
        }
    }
}
