using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// Lets one of several processes lead, by a Lease.
/// </summary>
/// <remarks>
/// Guarantees: while this process leads, its lease was renewed within the renew deadline, counted on its monotonic clock
/// from before the request was sent; the deadline is shorter than the time that others wait, so the work's token is
/// cancelled before another can lead, as long as clocks run at about the same speed. The lease is released only after the
/// work has ended. A process that was frozen past the deadline may go on for a moment before its timers fire, so what
/// must be written by a leader alone asks <see cref="IsLeader"/> right before (<see cref="KubernetesClientConfiguration.MayWrite"/>).
/// RBAC: <c>get</c>, <c>create</c>, <c>update</c> on <c>leases</c> of <c>coordination.k8s.io</c> in the namespace.
/// </remarks>
/// <param name="ownClient">A client that nobody else uses, so that renewals do not queue behind other requests.</param>
public sealed class LeaderElector(KubernetesClient ownClient, LeaderElectionOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Timers count whole milliseconds.</summary>
    private static readonly TimeSpan AfterTheEnd = TimeSpan.FromMilliseconds(1);

    private readonly LeaseLock leaseLock = new(ownClient, options, time);
    private readonly KeyValuePair<string, object?> label = new("name", options.LeaseName);
    private volatile bool isLeader;
    private long leadsUntil;

    /// <summary>Whether this process leads now: by the clock, which knows before any timer does that the lease was not renewed in time.</summary>
    public bool IsLeader => isLeader && time.GetTimestamp() < Volatile.Read(ref leadsUntil);

    /// <summary>
    /// Waits for the lease and runs <paramref name="whileLeading"/> with it; after the loss of the lease waits again.
    /// Returns when <paramref name="ct"/> is cancelled or the work ends by itself while leading; the lease is released
    /// in both cases.
    /// </summary>
    /// <param name="whileLeading">The work. Its token is cancelled when the lease is lost and when <paramref name="ct"/> is.</param>
    /// <param name="ct">Ends everything.</param>
    /// <exception cref="Exception">Whatever the work throws, except for its cancellation.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> whileLeading, CancellationToken ct)
    {
        options.Validate();
        // A stand-by has a series too.
        KubernetesMetrics.Leading.Add(0, label);
        var wasLost = true;
        while (wasLost && !ct.IsCancellationRequested)
        {
            if (await AcquireAsync(ct) is { } renewedAt)
                wasLost = await LeadAsync(whileLeading, renewedAt, ct);
        }
    }

    /// <summary>Waits for the lease. The time of the request that brought it, or null when cancelled.</summary>
    private async Task<long?> AcquireAsync(CancellationToken ct)
    {
        Log.ElectionWaits(logger, options.LeaseName, options.Identity);
        string? told = null;
        try
        {
            while (true)
            {
                var sentAt = time.GetTimestamp();
                if (await TryAsync(ct) is true)
                    return sentAt;
                if (leaseLock.Obstacle is { } obstacle && obstacle != told)
                    Log.ElectionHeldUp(logger, options.LeaseName, told = obstacle);
                await Task.Delay(UntilNextLook(), time, ct);
            }
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // Cancelled, or the attempt failed in the moment of the end.
            return null;
        }
    }

    /// <summary>Runs the work and renews beside it. True where the lease was lost or given to another, false where the work ended or everything is cancelled.</summary>
    private async Task<bool> LeadAsync(Func<CancellationToken, Task> whileLeading, long renewedAt, CancellationToken ct)
    {
        // An answer that came late leaves less time, or none.
        var rest = options.RenewDeadline - time.GetElapsedTime(renewedAt);
        if (rest <= TimeSpan.Zero)
            return true;
        using var lost = new CancellationTokenSource();
        using var yielded = new CancellationTokenSource();
        // The deadline has its own timer: a renewal that hangs must not hold it up.
        await using var deadline = time.CreateTimer(Expire, lost, rest, Timeout.InfiniteTimeSpan);
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(lost.Token, yielded.Token, ct);
        using var renewing = CancellationTokenSource.CreateLinkedTokenSource(lost.Token);
        ExtendFrom(renewedAt);
        SetLeading(true);
        var renewal = RenewAsync(deadline, lost, yielded, renewing.Token);
        try
        {
            await whileLeading(leading.Token);
        }
        catch (OperationCanceledException) when (leading.IsCancellationRequested)
        {
        }
        finally
        {
            await renewing.CancelAsync();
            await renewal;
            SetLeading(false);
            await ReleaseAsync();
        }

        return (lost.IsCancellationRequested || yielded.IsCancellationRequested) && !ct.IsCancellationRequested;
    }

    /// <summary>Renews until stopped. Goes on during the shutdown of the work: the lease is needed until it has ended.</summary>
    private async Task RenewAsync(ITimer deadline, CancellationTokenSource lost, CancellationTokenSource yielded, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.RetryPeriod, time, ct);
                if (!options.IsWanted() && !yielded.IsCancellationRequested)
                {
                    Log.LeaseYielded(logger, options.LeaseName);
                    await yielded.CancelAsync();
                }

                // Frozen past the deadline, whose timer is late: others may have begun, and not only by this lease.
                if (!IsLeader)
                {
                    await lost.CancelAsync();
                    return;
                }

                var sentAt = time.GetTimestamp();
                switch (await TryAsync(ct))
                {
                    case true when options.RenewDeadline - time.GetElapsedTime(sentAt) is { Ticks: > 0 } rest:
                        ExtendFrom(sentAt);
                        deadline.Change(rest, Timeout.InfiniteTimeSpan);
                        break;
                    case false:
                        Log.LeaseTaken(logger, options.LeaseName, leaseLock.Holder);
                        Volatile.Write(ref leadsUntil, long.MinValue);
                        await lost.CancelAsync();
                        return;
                }
            }
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // Cancelled, or the renewal failed in the moment of the end.
        }
    }

    /// <summary>One attempt: true held, false another's, null not known. One that hangs leaves time for another before the renew deadline, as controller-runtime has it.</summary>
    private async Task<bool?> TryAsync(CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.RenewDeadline / 2, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            return await leaseLock.TryAcquireOrRenewAsync(either.Token);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Whatever stands in the way (server away, no right, another was faster) may pass.
            Log.LeaseAttemptFailed(logger, options.LeaseName, e.Message);
            return null;
        }
    }

    private async Task ReleaseAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(ReleaseTimeout, time);
            await leaseLock.ReleaseAsync(timeout.Token);
        }
        catch (Exception e)
        {
            // The lease then ends by itself.
            Log.LeaseAttemptFailed(logger, options.LeaseName, e.Message);
        }
    }

    private void Expire(object? lost)
    {
        Log.LeaseExpired(logger, options.LeaseName, options.RenewDeadline.TotalSeconds);
        try
        {
            ((CancellationTokenSource)lost!).Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work ended at the same moment.
        }
    }

    private void ExtendFrom(long renewedAt) =>
        Volatile.Write(ref leadsUntil, renewedAt + (long)(options.RenewDeadline.TotalSeconds * time.TimestampFrequency));

    private void SetLeading(bool value)
    {
        isLeader = value;
        KubernetesMetrics.Leading.Add(value ? 1 : -1, label);
        if (value)
            Log.LeaseAcquired(logger, options.LeaseName, options.Identity);
        else
            Log.LeadershipEnded(logger, options.LeaseName);
    }

    /// <summary>A lease that nobody renews is taken when it has run out, not at some look after that: a stand-by leads within the lease's duration and one look.</summary>
    private TimeSpan UntilNextLook()
    {
        var usual = options.RetryPeriod * Jitter();
        return leaseLock.RunsOutIn is { } rest && rest >= TimeSpan.Zero && rest < usual ? rest + AfterTheEnd : usual;
    }

    /// <summary>1 to 1.2, as client-go: candidates that started together do not stay in step.</summary>
    private static double Jitter() => 1 + (Random.Shared.NextDouble() / 5);
}
