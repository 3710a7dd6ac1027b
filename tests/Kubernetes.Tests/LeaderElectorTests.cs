using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class LeaderElectorTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly FakeLeases leases = new();
    private readonly List<Candidate> candidates = [];
    private readonly CancellationTokenSource stop = new();

    public void Dispose() => stop.Dispose();

    /// <summary>A candidate, and what it does while it leads: nothing, until its token is cancelled.</summary>
    private sealed class Candidate
    {
        private readonly CancellationTokenSource stop = new();
        private readonly QuietClock clock;
        private int hanging;

        public Candidate(LeaderElectorTests bed, string identity, Func<CancellationToken, Task>? work = null, Func<LeaderElectionOptions, LeaderElectionOptions>? with = null)
        {
            // Sleeps of up to 1.92 s: the 2 s that the release of a lease may take are no sleep either.
            var options = new LeaderElectionOptions { Namespace = "ns", LeaseName = "operator", Identity = identity, RetryPeriod = TimeSpan.FromSeconds(1.6), IsWanted = () => IsWanted };
            options = with?.Invoke(options) ?? options;
            Assert.True(options.RetryPeriod * 1.2 < options.RenewDeadline / 2, "a request's deadline would be taken for a sleep");
            clock = new QuietClock(bed.time, options.RetryPeriod * 1.2);
            Elector = new LeaderElector(bed.leases.Client(bed.time, HangWhenCutOffAsync), options, clock, NullLogger.Instance);
            Run = Task.Run(() => Elector.RunAsync(
                work ?? (async ct =>
                {
                    Terms++;
                    StartedAt = bed.time.GetUtcNow();
                    await UntilCancelledAsync(() => EndedAt = bed.time.GetUtcNow(), ct);
                }), stop.Token));
            bed.candidates.Add(this);
        }

        public LeaderElector Elector { get; }

        public bool IsCutOff { get; set; }

        /// <summary>Requests from now on that are never answered.</summary>
        public int Unanswered { get; set; }

        public bool IsWanted { get; set; } = true;

        public int Terms { get; private set; }

        public DateTimeOffset StartedAt { get; private set; }

        public DateTimeOffset? EndedAt { get; private set; }

        public Task Run { get; }

        /// <summary>Whether nothing happens here until time passes.</summary>
        public bool IsQuiet => clock.IsSleeping || Volatile.Read(ref hanging) > 0 || Run.IsCompleted;

        public async Task StopAsync()
        {
            await stop.CancelAsync();
            await Run.WaitAsync(Patience);
        }

        private async Task HangWhenCutOffAsync(CancellationToken ct)
        {
            if (!IsCutOff && Unanswered == 0)
                return;
            Unanswered = Math.Max(0, Unanswered - 1);
            Interlocked.Increment(ref hanging);
            await UntilCancelledAsync(() => Interlocked.Decrement(ref hanging), ct);
        }

        /// <summary>Waits for the cancellation, which does <paramref name="first"/> before anything here goes on. Two callbacks of one token would race: what goes on could take the other back before it ran.</summary>
        private static async Task UntilCancelledAsync(Action first, CancellationToken ct)
        {
            var cancelled = new TaskCompletionSource();
            using var registration = ct.Register(() =>
            {
                first();
                cancelled.SetCanceled(ct);
            });
            await cancelled.Task;
        }
    }

    /// <summary>Lets time pass in steps of half a second; after each, everybody gets to their next wait.</summary>
    private async Task PassAsync(double seconds)
    {
        await QuietAsync();
        for (var passed = 0.0; passed < seconds; passed += 0.5)
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
            await QuietAsync();
        }
    }

    private async Task QuietAsync()
    {
        for (var i = 0; i < 100 && !candidates.All(c => c.IsQuiet); i++)
            await Task.Run(() => { });
        await UntilAsync(() => candidates.All(c => c.IsQuiet), "everybody waits");
    }

    private static Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what);

    [Fact]
    public async Task The_first_candidate_leads_and_the_second_waits()
    {
        var a = new Candidate(this, "a");
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        var b = new Candidate(this, "b");
        await PassAsync(60);

        Assert.True(a.Elector.IsLeader);
        Assert.Equal((1, 0), (a.Terms, b.Terms));
        Assert.Equal("a", leases.Lease!.Spec!.HolderIdentity);
        Assert.Equal((15, 0), (leases.Lease.Spec.LeaseDurationSeconds, leases.Lease.Spec.LeaseTransitions));
        Assert.InRange(leases.Writes, 30, 38);
        await a.StopAsync();
        await b.StopAsync();
    }

    [Fact]
    public async Task A_leader_that_stops_hands_over_at_once()
    {
        var a = new Candidate(this, "a");
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        var b = new Candidate(this, "b");
        await PassAsync(1);

        await a.StopAsync();
        Assert.Equal(string.Empty, leases.Lease!.Spec!.HolderIdentity);
        await PassAsync(3);

        Assert.True(b.Elector.IsLeader);
        Assert.Equal(1, leases.Lease.Spec!.LeaseTransitions);
        await b.StopAsync();
    }

    [Fact]
    public async Task A_leader_that_is_not_wanted_any_more_ends_its_work_and_hands_over_in_order()
    {
        var a = new Candidate(this, "a");
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        var b = new Candidate(this, "b");
        await PassAsync(1);
        a.IsWanted = false;
        await PassAsync(6);

        Assert.True(b.Elector.IsLeader);
        Assert.InRange(b.StartedAt, a.EndedAt!.Value, a.EndedAt.Value.AddSeconds(3));
        await PassAsync(60);
        Assert.Equal((1, 1), (a.Terms, b.Terms));
        a.IsWanted = true;
        await b.StopAsync();
        await PassAsync(3);
        Assert.True(a.Elector.IsLeader);
        await a.StopAsync();
    }

    [Fact]
    public async Task One_that_is_not_wanted_takes_no_lease_but_knows_when_it_has_run_out()
    {
        var a = new Candidate(this, "a");
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        var b = new Candidate(this, "b") { IsWanted = false };
        await PassAsync(5);
        a.IsCutOff = true;
        await PassAsync(40);
        Assert.Equal("a", leases.Lease!.Spec!.HolderIdentity);

        // Not another 15 s: it has looked at it all the time.
        b.IsWanted = true;
        await PassAsync(3);
        Assert.True(b.Elector.IsLeader);
        await b.StopAsync();
        a.IsCutOff = false;
        a.IsWanted = false;
        await a.StopAsync();
    }

    [Fact]
    public async Task A_leader_that_cannot_renew_stops_before_another_starts()
    {
        var a = new Candidate(this, "a");
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        var b = new Candidate(this, "b");
        await PassAsync(5);
        a.IsCutOff = true;

        var cutOffAt = time.GetUtcNow();
        await PassAsync(22);

        // The last renewal was up to 2 s before the cut.
        Assert.InRange(a.EndedAt!.Value - cutOffAt, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(10));
        Assert.InRange(b.StartedAt - a.EndedAt.Value, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(11));
        Assert.Equal("b", leases.Lease!.Spec!.HolderIdentity);
        a.IsCutOff = false;
        await b.StopAsync();
        await PassAsync(15);
        Assert.Equal(2, a.Terms);
        await a.StopAsync();
    }

    [Fact]
    public async Task A_renewal_that_is_never_answered_leaves_time_for_another()
    {
        var a = new Candidate(this, "a");
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        a.Unanswered = 1;
        await PassAsync(30);

        Assert.Equal((0, 1, true), (a.Unanswered, a.Terms, a.Elector.IsLeader));
        await a.StopAsync();
    }

    [Fact]
    public async Task A_stand_by_takes_a_lease_when_it_has_run_out_and_not_only_at_its_next_look()
    {
        var (lasts, stops) = (TimeSpan.FromSeconds(65), TimeSpan.FromSeconds(62));
        var a = new Candidate(this, "a", with: options => options with { LeaseDuration = lasts, RenewDeadline = stops });
        await UntilAsync(() => a.Elector.IsLeader, "a leads");
        a.IsCutOff = true;
        // It sees the lease now, and would look again after 25 to 30, 50 to 60 and 75 to 90 s.
        var b = new Candidate(this, "b", with: options => options with { LeaseDuration = lasts, RenewDeadline = stops, RetryPeriod = TimeSpan.FromSeconds(25) });
        await QuietAsync();
        var seenAt = time.GetUtcNow();
        await PassAsync(67);

        Assert.InRange(b.StartedAt - seenAt, lasts, lasts + TimeSpan.FromSeconds(0.5));
        a.IsCutOff = false;
        await b.StopAsync();
        await a.StopAsync();
    }

    [Fact]
    public async Task A_leader_that_was_frozen_knows_before_any_of_its_timers_that_its_lease_is_over()
    {
        var clock = new FrozenClock();
        var elector = new LeaderElector(leases.Client(time), new LeaderElectionOptions { Namespace = "ns", LeaseName = "operator", Identity = "a" }, clock, NullLogger.Instance);
        var run = Task.Run(() => elector.RunAsync(ct => Task.Delay(Timeout.Infinite, ct), stop.Token));
        await UntilAsync(() => elector.IsLeader, "a leads");

        clock.Now = TimeSpan.FromSeconds(9);
        Assert.True(elector.IsLeader);
        clock.Now = TimeSpan.FromSeconds(11);
        Assert.False(elector.IsLeader);
        await stop.CancelAsync();
        await run.WaitAsync(Patience);
    }

    /// <summary>Time goes on, and no timer fires.</summary>
    private sealed class FrozenClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public async Task A_leader_that_was_frozen_past_its_deadline_begins_anew_even_where_nobody_took_its_lease()
    {
        var terms = 0;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new LeaderElectionOptions { Namespace = "ns", LeaseName = "operator", Identity = "a" };
        var sleeps = new ManualTime();
        var clock = new WakingClock(sleeps, options.RetryPeriod * 1.2);
        var elector = new LeaderElector(leases.Client(time), options, clock, NullLogger.Instance);
        var run = Task.Run(() => elector.RunAsync(
            async ct =>
            {
                terms++;
                using var _ = ct.Register(() => ended.TrySetResult());
                await Task.Delay(Timeout.Infinite, ct);
            }, stop.Token));
        await UntilAsync(() => elector.IsLeader && sleeps.ArmedTimers > 0, "a leads and sleeps until its next renewal");

        clock.Slept = options.RenewDeadline;
        sleeps.Advance(options.RetryPeriod);
        await ended.Task.WaitAsync(Patience);
        await UntilAsync(() => elector.IsLeader, "a leads again");
        Assert.Equal(2, terms);
        await stop.CancelAsync();
        await run.WaitAsync(Patience);
    }

    /// <summary>Of a process that was frozen and wakes: its timers come in any order, here those of short sleeps and no others.</summary>
    private sealed class WakingClock(TimeProvider inner, TimeSpan longestSleep) : TimeProvider
    {
        public TimeSpan Slept { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Slept;

        public override long GetTimestamp() => inner.GetTimestamp() + Slept.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            inner.CreateTimer(callback, state, dueTime <= longestSleep ? dueTime : Timeout.InfiniteTimeSpan, period);
    }

    [Fact]
    public async Task Another_clock_does_not_matter_only_whether_the_lease_changes()
    {
        var elsewhere = new ManualTime(time.GetUtcNow().AddDays(-400));
        var options = new LeaderElectionOptions { Namespace = "ns", LeaseName = "operator", Identity = "late" };
        var theirs = new LeaseLock(leases.Client(elsewhere), options, elsewhere);
        Assert.True(await theirs.TryAcquireOrRenewAsync(stop.Token));

        var b = new Candidate(this, "b");
        for (var i = 0; i < 10; i++)
        {
            await PassAsync(5);
            elsewhere.Advance(TimeSpan.FromSeconds(5));
            Assert.True(await theirs.TryAcquireOrRenewAsync(stop.Token));
        }

        Assert.False(b.Elector.IsLeader);
        // At most one look (2.4 s) until the last renewal was seen, and 15 s of waiting.
        await PassAsync(18);
        Assert.True(b.Elector.IsLeader);
        await b.StopAsync();
    }

    [Fact]
    public async Task Work_that_ends_by_itself_releases_the_lease_and_ends_the_election()
    {
        var a = new Candidate(this, "a", _ => Task.CompletedTask);
        await a.Run.WaitAsync(Patience);
        Assert.Equal(string.Empty, leases.Lease!.Spec!.HolderIdentity);
    }

    [Fact]
    public async Task Work_that_fails_releases_the_lease_and_is_not_hidden()
    {
        var a = new Candidate(this, "a", _ => throw new InvalidOperationException("mine"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => a.Run.WaitAsync(Patience));
        Assert.Equal(string.Empty, leases.Lease!.Spec!.HolderIdentity);
    }

    [Fact]
    public async Task The_lease_is_kept_until_the_work_has_ended()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var a = new Candidate(this, "a", async _ =>
        {
            started.SetResult();
            await finish.Task;
        });
        await started.Task.WaitAsync(Patience);
        var b = new Candidate(this, "b");
        var stopping = a.StopAsync();
        await PassAsync(60);
        Assert.Equal(("a", 0), (leases.Lease!.Spec!.HolderIdentity, b.Terms));

        finish.SetResult();
        await stopping;
        await PassAsync(3);
        Assert.True(b.Elector.IsLeader);
        await b.StopAsync();
    }

    [Fact]
    public async Task Times_that_would_let_two_lead_are_refused()
    {
        var options = new LeaderElectionOptions { Namespace = "ns", LeaseName = "x", Identity = "a", RenewDeadline = TimeSpan.FromSeconds(15) };
        var elector = new LeaderElector(leases.Client(time), options, time, NullLogger.Instance);
        await Assert.ThrowsAsync<ArgumentException>(() => elector.RunAsync(_ => Task.CompletedTask, stop.Token));
    }
}
