namespace LlmOps.Testing;

/// <summary>
/// A clock that moves only when told. <see cref="Advance"/> fires the timers that fall due in the order of their due
/// times (ties: order of creation), each at its own instant, on the calling thread; timestamps follow the clock, so
/// deadlines measured with <see cref="GetTimestamp"/> behave as those measured with <see cref="GetUtcNow"/>.
/// </summary>
/// <remarks>
/// Continuations of an awaited <c>Task.Delay(…, time, …)</c> may run on the thread pool after <see cref="Advance"/> has
/// returned: await the effect, or use <see cref="WaitForTimersAsync"/> before the next step.
/// </remarks>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private readonly DateTimeOffset origin;
    private readonly List<(int Count, TaskCompletionSource Reached)> waiters = [];
    private DateTimeOffset now;
    private long sequence;

    /// <summary>Starts at <paramref name="start"/>; 2026-01-01T00:00:00Z where none is given.</summary>
    public ManualTime(DateTimeOffset? start = null) =>
        now = origin = (start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToUniversalTime();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Timers that are armed now: delays, timeouts and periodic timers that somebody waits for.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (gate)
                return timers.Count;
        }
    }

    /// <summary>When the next armed timer fires; null when none is armed.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (gate)
                return Earliest()?.Due;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return now;
    }

    public override long GetTimestamp() => (GetUtcNow() - origin).Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock forward and fires everything that falls due on the way.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative: time does not run backwards.</exception>
    public void Advance(TimeSpan step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, TimeSpan.Zero);
        AdvanceTo(GetUtcNow() + step);
    }

    /// <summary>As <see cref="Advance"/>, to an instant; an instant in the past changes nothing.</summary>
    public void AdvanceTo(DateTimeOffset instant)
    {
        while (TakeDue(instant) is { } timer)
            timer.Fire();
    }

    /// <summary>Moves the clock to the next armed timer and fires it. False when none is armed.</summary>
    public bool AdvanceToNextTimer()
    {
        if (NextDue is not { } due)
            return false;
        AdvanceTo(due);
        return true;
    }

    /// <summary>
    /// Completes as soon as at least <paramref name="count"/> timers are armed: the way to know that the code under test
    /// has reached its wait before the clock is moved.
    /// </summary>
    public Task WaitForTimersAsync(int count, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (timers.Count >= count)
                return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters.Add((count, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    private ManualTimer? TakeDue(DateTimeOffset limit)
    {
        lock (gate)
        {
            var next = Earliest();
            if (next is null || next.Due > limit)
            {
                if (limit > now)
                    now = limit;
                return null;
            }

            if (next.Due > now)
                now = next.Due;
            timers.Remove(next);
            if (next.Period > TimeSpan.Zero)
                Arm(next, now + next.Period);
            return next;
        }
    }

    private ManualTimer? Earliest() => timers.MinBy(static t => (t.Due, t.Sequence));

    private void Arm(ManualTimer timer, DateTimeOffset due)
    {
        timer.Due = due;
        timer.Sequence = sequence++;
        timers.Add(timer);
        foreach (var (_, reached) in waiters.Where(w => timers.Count >= w.Count))
            reached.TrySetResult();
        waiters.RemoveAll(w => timers.Count >= w.Count);
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private bool disposed;

        public DateTimeOffset Due { get; set; }

        public long Sequence { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool fireNow;
            lock (time.gate)
            {
                if (disposed)
                    return false;
                time.timers.Remove(this);
                Period = period;
                fireNow = dueTime == TimeSpan.Zero;
                if (fireNow && period > TimeSpan.Zero)
                    time.Arm(this, time.now + period);
                else if (!fireNow && dueTime != Timeout.InfiniteTimeSpan)
                    time.Arm(this, time.now + dueTime);
            }

            // The system timer runs a zero due time at once, on the pool: code that arms a timer under its own lock relies on it.
            if (fireNow)
                ThreadPool.QueueUserWorkItem(static t => t.Fire(), this, preferLocal: false);
            return true;
        }

        public void Dispose()
        {
            lock (time.gate)
            {
                disposed = true;
                time.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
