namespace LlmOps.Kubernetes.Tests;

/// <summary>
/// Another clock's time, which also knows whether somebody sleeps on it for a short while (as opposed to holding a
/// timeout over a request): the sign that a loop has reached its next wait.
/// </summary>
internal sealed class QuietClock(TimeProvider inner, TimeSpan longestSleep) : TimeProvider
{
    private readonly TimeProvider inner = inner;
    private int sleeping;

    public bool IsSleeping => Volatile.Read(ref sleeping) > 0;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        dueTime > TimeSpan.Zero && dueTime <= longestSleep
            ? new Sleep(this, callback, state, dueTime)
            : inner.CreateTimer(callback, state, dueTime, period);

    private sealed class Sleep : ITimer
    {
        private readonly QuietClock clock;
        private readonly ITimer timer;
        private int over;

        public Sleep(QuietClock clock, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            this.clock = clock;
            Interlocked.Increment(ref clock.sleeping);
            timer = clock.inner.CreateTimer(
                _ =>
                {
                    WakeUp();
                    callback(state);
                }, null, dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            WakeUp();
            timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void WakeUp()
        {
            if (Interlocked.Exchange(ref over, 1) == 0)
                Interlocked.Decrement(ref clock.sleeping);
        }
    }
}
