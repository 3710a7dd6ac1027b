using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.ApiServer;

public sealed class ManualTimeTests
{
    private readonly ManualTime time = new();

    [Fact]
    public void Timers_fire_in_the_order_of_their_due_times_each_at_its_own_instant()
    {
        var start = time.GetUtcNow();
        var fired = new List<(string Name, double Seconds)>();
        using var late = Timer("late", 5, fired, start);
        using var early = Timer("early", 2, fired, start);
        using var never = Timer("never", 11, fired, start);

        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal([("early", 2.0), ("late", 5.0)], fired);
        Assert.Equal(start + TimeSpan.FromSeconds(10), time.GetUtcNow());
        Assert.Equal(1, time.ArmedTimers);
    }

    [Fact]
    public void A_periodic_timer_fires_once_a_period()
    {
        var count = 0;
        using var timer = time.CreateTimer(_ => count++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

        time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(3, count);
    }

    [Fact]
    public void Timestamps_follow_the_clock()
    {
        var before = time.GetTimestamp();

        time.Advance(TimeSpan.FromMilliseconds(1234));

        Assert.Equal(TimeSpan.FromMilliseconds(1234), time.GetElapsedTime(before));
    }

    [Fact]
    public async Task Delays_and_timeouts_end_when_the_clock_reaches_them()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(5), time);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3), time);
        await time.WaitForTimersAsync(2);

        time.Advance(TimeSpan.FromMinutes(4));
        Assert.True(timeout.IsCancellationRequested);
        Assert.False(delay.IsCompleted);

        Assert.True(time.AdvanceToNextTimer());
        await delay;
        Assert.False(time.AdvanceToNextTimer());
    }

    [Fact]
    public void A_disposed_or_rearmed_timer_does_not_fire_at_its_old_time()
    {
        var fired = 0;
        var disposed = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        using var rearmed = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        disposed.Dispose();
        rearmed.Change(TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, fired);

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Time_does_not_run_backwards() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => time.Advance(TimeSpan.FromSeconds(-1)));

    private ITimer Timer(string name, int seconds, List<(string Name, double Seconds)> fired, DateTimeOffset start) =>
        time.CreateTimer(_ => fired.Add((name, (time.GetUtcNow() - start).TotalSeconds)), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
}
