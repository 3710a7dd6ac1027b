using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>
/// Takes samples of the checks in the background. Guarantees: never blocks and never throws; whatever a metric source does, a reconcile goes on with the samples
/// that are there; one sample of a check at a time, a new one after its interval; at most <see cref="Concurrency"/> at a time over all LlmDeployments, in
/// the order of their asking; whoever asked is woken when a sample is there.
/// </summary>
/// <param name="wake">Called with the LlmDeployment that has a new sample.</param>
/// <param name="lifetime">Ends questions that run.</param>
internal sealed class CheckPoller(Action<ObjectKey> wake, TimeProvider time, CancellationToken lifetime) : IDisposable
{
    private const int Concurrency = 32;

    private readonly SemaphoreSlim slots = new(Concurrency);
    private readonly ConcurrentDictionary<(ObjectKey Deployment, string Check), Watch> watches = new();

    /// <summary>Tells samples of this process from those of others.</summary>
    private readonly string process = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private long samples;

    /// <summary>The newest samples of a rollout; starts those that are due. Called again and again while the candidate has traffic.</summary>
    public EquatableArray<CheckObservation> Observe(ObjectKey deployment, string rolloutId, IReadOnlyList<CheckDefinition> checks)
    {
        foreach (var (key, _) in watches.Where(watch => watch.Key.Deployment == deployment && checks.All(check => check.Name != watch.Key.Check)))
            watches.TryRemove(key, out _);
        return checks.Select(check => Observe(deployment, rolloutId, check)).OfType<CheckObservation>().ToEquatableArray();
    }

    /// <summary>Ends the sampling of an LlmDeployment, whose candidate has no traffic.</summary>
    public void Forget(ObjectKey deployment)
    {
        foreach (var (key, _) in watches.Where(watch => watch.Key.Deployment == deployment))
            watches.TryRemove(key, out _);
    }

    public void Dispose() => slots.Dispose();

    private CheckObservation? Observe(ObjectKey deployment, string rolloutId, CheckDefinition check)
    {
        if (check.Candidate is { Problem: { Silence: { } silence } problem })
            return new(check.Name, rolloutId, silence, "none", DateTimeOffset.UnixEpoch, problem.Problem!);
        var watch = watches.AddOrUpdate(
            (deployment, check.Name),
            _ => new Watch(rolloutId, check),
            (_, known) => known.RolloutId == rolloutId && known.Check == check ? known : new Watch(rolloutId, check));
        if (watch.StartIfDue(time))
            _ = Task.Run(() => RunAsync(deployment, watch), CancellationToken.None);
        return watch.Sample;
    }

    private async Task RunAsync(ObjectKey deployment, Watch watch)
    {
        try
        {
            await slots.WaitAsync(lifetime);
            try
            {
                var at = time.GetUtcNow();
                var (candidate, stable) = await AskAsync(watch);
                var judgement = CheckJudge.Judge(watch.Check.Bounds, candidate, stable);
                // Milliseconds: what a status can hold.
                watch.Sample = new(
                    watch.Check.Name, watch.RolloutId, judgement.Verdict, string.Create(CultureInfo.InvariantCulture, $"{process}:{Interlocked.Increment(ref samples)}"),
                    at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMillisecond)), judgement.Message);
            }
            finally
            {
                slots.Release();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The process ends.
            return;
        }
        finally
        {
            watch.Ended();
        }

        wake(deployment);
    }

    private async Task<(Reading Candidate, Reading Stable)> AskAsync(Watch watch)
    {
        var check = watch.Check;
        var candidate = AskAsync(check.Candidate, check.MaxAge);
        var stable = AskAsync(check.Stable, check.MaxAge);
        return (watch.CandidateCounter.Follow(await candidate), watch.StableCounter.Follow(await stable));
    }

    private Task<Reading> AskAsync(TrackQuestion track, TimeSpan maxAge) => track.Question?.AskAsync(maxAge, lifetime) ?? Task.FromResult(track.Problem!);

    /// <summary>One check of one rollout.</summary>
    private sealed class Watch(string rolloutId, CheckDefinition check)
    {
        private readonly Lock sync = new();
        private bool isRunning;
        private long? startedAt;
        private CheckObservation? sample;

        public string RolloutId => rolloutId;

        public CheckDefinition Check => check;

        public CounterWatch CandidateCounter { get; } = new(check.Candidate.Question);

        public CounterWatch StableCounter { get; } = new(check.Stable.Question);

        public CheckObservation? Sample
        {
            get => Volatile.Read(ref sample);
            set => Volatile.Write(ref sample, value);
        }

        public bool StartIfDue(TimeProvider time)
        {
            lock (sync)
            {
                if (isRunning || (startedAt is { } last && time.GetElapsedTime(last) < check.Interval))
                    return false;
                (isRunning, startedAt) = (true, time.GetTimestamp());
                return true;
            }
        }

        public void Ended()
        {
            lock (sync)
                isRunning = false;
        }
    }
}

/// <summary>Notices that a counter which is read as it is went backwards: its process began anew, and the value says nothing about how it did before.</summary>
internal sealed class CounterWatch(IMetricQuestion? question)
{
    private readonly bool isRaw = question is { ReadsRawCounter: true };
    private double? last;

    public Reading Follow(Reading reading)
    {
        if (!isRaw || reading.Silence is not null)
            return reading;
        var before = last;
        last = reading.Value;
        return before > reading.Value ? Reading.NoData($"the counter went back from {before:0.###} to {reading.Value:0.###}: use rate or increase") : reading;
    }
}
