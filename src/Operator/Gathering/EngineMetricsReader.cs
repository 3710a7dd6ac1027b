using System.Collections.Concurrent;
using System.Globalization;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Gathering;

/// <summary>What an engine measures of itself, by meaning and not by its own names. Null where it does not measure that, or gave no number: never 0.</summary>
internal sealed record EngineSample(double? RunningRequests, double? QueuedRequests, double? KvCacheUsage)
{
    public static EngineSample Nothing { get; } = new(null, null, null);

    /// <summary>Requests that run or wait; null where either is not known.</summary>
    public int? InFlight => RunningRequests + QueuedRequests is { } count ? (int)Math.Min(int.MaxValue, Math.Ceiling(count)) : null;

    /// <summary>Reads the text format of Prometheus. Several series of a name (one a data-parallel rank, say) add up.</summary>
    public static EngineSample Parse(string exposition, EngineMetrics names) =>
        new(Sum(exposition, names.RunningRequests), Sum(exposition, names.QueuedRequests), Sum(exposition, names.KvCacheUsage));

    private static double? Sum(string exposition, string? name)
    {
        if (name is null)
            return null;
        double? sum = null;
        foreach (var line in exposition.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length == name.Length || line[name.Length] is not ('{' or ' '))
                continue;
            var value = line[(line[name.Length] == '{' ? line.LastIndexOf('}') + 1 : name.Length)..].Trim();
            // A time stamp may follow.
            var end = value.IndexOf(' ');
            if (!double.TryParse(end < 0 ? value : value[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number) || number < 0)
                return null;
            sum = (sum ?? 0) + number;
        }

        return sum;
    }
}

/// <summary>
/// Asks engine pods for their own metrics. Guarantees: never blocks and never throws; a pod is asked at most every <see cref="AskEvery"/> and its answer counts for
/// <see cref="FreshFor"/>; a pod that does not answer is unknown; whoever asked is woken when an answer changed something.
/// </summary>
/// <param name="wake">Called with the LlmDeployment whose facts changed.</param>
/// <param name="lifetime">Ends requests that run.</param>
internal sealed class EngineMetricsReader(HttpClient http, Action<ObjectKey> wake, TimeProvider time, CancellationToken lifetime)
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Reading> readings = new(StringComparer.Ordinal);

    /// <summary>Requests that run or wait in all of these pods together; null while that is not known of one of them. Starts what is missing.</summary>
    public int? InFlight(ObjectKey deployment, IEnumerable<Pod> pods, IEngine engine)
    {
        int? sum = 0;
        // A pod without an address has never had a request.
        foreach (var pod in pods.Where(pod => pod.Status is { PodIP.Length: > 0, Phase: not ("Succeeded" or "Failed") }))
            sum += Sample(deployment, pod, engine).InFlight;
        return sum;
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string? podUid)
    {
        if (podUid is not null)
            readings.TryRemove(podUid, out _);
    }

    /// <summary>The newest answer of a pod, if it is fresh; starts another one where it is time.</summary>
    private EngineSample Sample(ObjectKey deployment, Pod pod, IEngine engine)
    {
        if (pod.Metadata.Uid is not { } uid)
            return EngineSample.Nothing;
        var known = readings.GetValueOrDefault(uid);
        var sample = known is not null && time.GetElapsedTime(known.At) < FreshFor ? known.Sample : EngineSample.Nothing;
        if (known is null || (!known.IsRunning && time.GetElapsedTime(known.At) >= AskEvery))
        {
            readings[uid] = new(sample, known?.At ?? time.GetTimestamp(), IsRunning: true);
            _ = Task.Run(() => RunAsync(deployment, uid, pod.Status!.PodIP!, engine, sample), CancellationToken.None);
        }

        return sample;
    }

    private async Task RunAsync(ObjectKey deployment, string uid, string address, IEngine engine, EngineSample before)
    {
        EngineSample sample;
        try
        {
            sample = EngineSample.Parse(await ReadAsync(address, engine.Port), engine.Metrics);
        }
        catch (Exception)
        {
            // Whatever it is: the engine did not say.
            sample = EngineSample.Nothing;
        }

        if (lifetime.IsCancellationRequested || !readings.ContainsKey(uid))
            return;
        readings[uid] = new(sample, time.GetTimestamp(), IsRunning: false);
        if (sample.InFlight != before.InFlight)
            wake(deployment);
    }

    private async Task<string> ReadAsync(string address, int port)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, lifetime);
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return await http.GetStringAsync(new Uri($"http://{host}:{port}/metrics"), stop.Token);
    }

    private sealed record Reading(EngineSample Sample, long At, bool IsRunning);
}
