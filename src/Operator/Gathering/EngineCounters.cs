using System.Collections.Concurrent;
using System.Net;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What the counters of some pods said last, and why others said nothing.</summary>
internal sealed record EngineCounts(EquatableArray<CounterReading> Readings, string? Failure);

/// <summary>
/// Reads how many requests engine pods have answered, from their own metrics: all that can be known of requests that pass no gateway of ours. Guarantees: never
/// blocks and never throws; a pod is asked at most every <see cref="Interval"/>, whoever asks; one that does not answer for <see cref="Patience"/> is a failure.
/// </summary>
/// <param name="lifetime">Ends requests that run.</param>
internal sealed class EngineCounters(HttpClient http, TimeProvider time, CancellationToken lifetime)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, PodCounters> pods = new(StringComparer.Ordinal);

    /// <summary>What is known of these pods; asks those that it is time to ask.</summary>
    public EngineCounts Observe(IEnumerable<(Pod Pod, IEngine Engine, bool IsCandidate)> wanted)
    {
        var readings = new List<CounterReading>();
        string? failure = null;
        foreach (var (pod, engine, isCandidate) in wanted)
        {
            if (pod.Metadata.Uid is not { } uid || pod.Status?.PodIP is not { Length: > 0 } address)
                continue;
            var counters = pods.GetOrAdd(uid, _ => new PodCounters(time.GetTimestamp()));
            if (counters.TryBegin(time, Interval))
                _ = Task.Run(() => ReadAsync(counters, Process(pod, uid), engine, address), CancellationToken.None);
            if (counters.Last is { } last)
                readings.Add(new(last.Process, isCandidate, last.Requests, last.Errors, last.ReadAt));
            if (time.GetElapsedTime(counters.AnsweredAt) > Patience)
                failure ??= $"the metrics of pod {pod.Metadata.Name} cannot be read";
        }

        return new(readings.OrderBy(reading => reading.Process, StringComparer.Ordinal).ToEquatableArray(), failure);
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string? podUid)
    {
        if (podUid is not null)
            pods.TryRemove(podUid, out _);
    }

    /// <summary>A container that starts anew counts from 0: that is another process.</summary>
    private static string Process(Pod pod, string uid) =>
        $"{uid}/{pod.Status?.ContainerStatuses?.FirstOrDefault(container => container.Name == PodTemplateBuilder.ContainerName)?.RestartCount ?? 0}";

    private async Task ReadAsync(PodCounters counters, string process, IEngine engine, string address)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Timeout, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, lifetime);
            var host = IPAddress.TryParse(address, out var ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address;
            // Before the request: what is counted while it is under way must not be taken for what was there before.
            var readAt = time.GetUtcNow();
            var text = await http.GetStringAsync(new Uri($"http://{host}:{engine.Port}/metrics"), stop.Token);
            if (engine.CountRequests(text) is { } counts)
                counters.Answer(new(process, counts.Requests, counts.Errors, readAt), time.GetTimestamp());
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // What it said last stays; that it has not answered for long is told by whoever asks.
        }
        finally
        {
            counters.End();
        }
    }

    private sealed record Reading(string Process, long Requests, long Errors, DateTimeOffset ReadAt);

    private sealed class PodCounters(long since)
    {
        private int isRunning;
        private long startedAt;
        private long answeredAt = since;

        public Reading? Last { get; private set; }

        public long AnsweredAt => Interlocked.Read(ref answeredAt);

        public bool TryBegin(TimeProvider time, TimeSpan interval)
        {
            if (startedAt != 0 && time.GetElapsedTime(startedAt) < interval)
                return false;
            if (Interlocked.Exchange(ref isRunning, 1) != 0)
                return false;
            startedAt = time.GetTimestamp();
            return true;
        }

        public void Answer(Reading reading, long at)
        {
            Last = reading;
            Interlocked.Exchange(ref answeredAt, at);
        }

        public void End() => Interlocked.Exchange(ref isRunning, 0);
    }
}
