using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// The time of day of the API server, so that processes on machines whose clocks differ write and read the same times. Timers and time spans are this machine's, whose
/// clock may be set meanwhile.
/// </summary>
/// <remarks>
/// Taken from the <c>Date</c> of the server's answers, which has whole seconds. A clock that is right by that and by <see cref="Tolerance"/> is left as it is; one that is
/// not shows the latest time that it may be, and <see cref="Uncertainty"/> says by how much that may be late. What was found holds as long as some answer of the last
/// <see cref="Memory"/> agrees with it: servers behind one address whose clocks differ do not make the time jump to and fro.
/// </remarks>
public sealed class ServerClock(TimeProvider local, ILogger logger) : TimeProvider
{
    /// <summary>Largest difference that is left as it is.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>How long answers must have disagreed with what was found before it is given up.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset startedAt = local.GetUtcNow();
    private readonly long started = local.GetTimestamp();
    private readonly Lock sync = new();
    private Found found = new(TimeSpan.Zero, TimeSpan.Zero);
    private long? agreedAt;

    /// <summary>What is added to this machine's time of day.</summary>
    public TimeSpan Offset => Volatile.Read(ref found).Latest;

    /// <summary>How much later than the server's the time may be. Zero for a clock that is left as it is.</summary>
    public TimeSpan Uncertainty => Volatile.Read(ref found) is var (earliest, latest) ? latest - earliest : default;

    public override long TimestampFrequency => local.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => local.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => Own(local.GetTimestamp()) + Offset;

    public override long GetTimestamp() => local.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => local.CreateTimer(callback, state, dueTime, period);

    /// <summary>The server has answered. It may have written the date at any moment between the two timestamps; how much later this is called does not matter, so a thread that was kept waiting spoils nothing.</summary>
    /// <param name="date">What its answer says of the time.</param>
    /// <param name="sentAt">Timestamp (<see cref="GetTimestamp"/>) before it was asked.</param>
    /// <param name="receivedAt">Timestamp when the answer was there.</param>
    public void Observe(DateTimeOffset date, long sentAt, long receivedAt)
    {
        var lead = date - Own(receivedAt);
        var said = new Found(lead, lead + Resolution + local.GetElapsedTime(sentAt, receivedAt));
        lock (sync)
        {
            var now = local.GetTimestamp();
            if (said.Admits(Offset, Tolerance))
            {
                agreedAt = now;
                if (Offset != TimeSpan.Zero)
                    Volatile.Write(ref found, found.And(said));
                return;
            }

            if (agreedAt is { } last && local.GetElapsedTime(last, now) < Memory)
                return;
            agreedAt = now;
            Volatile.Write(ref found, said.Admits(TimeSpan.Zero, Tolerance) ? new(TimeSpan.Zero, TimeSpan.Zero) : said);
        }

        Log.ClockDiffers(logger, Offset.TotalSeconds);
    }

    /// <summary>This machine's time of day at a timestamp, as it was at first and gone on evenly since: somebody who sets the clock meanwhile moves no deadline.</summary>
    private DateTimeOffset Own(long timestamp) => startedAt + local.GetElapsedTime(started, timestamp);

    /// <summary>What may have to be added.</summary>
    private sealed record Found(TimeSpan Earliest, TimeSpan Latest)
    {
        public bool Admits(TimeSpan offset, TimeSpan tolerance) => offset >= Earliest - tolerance && offset <= Latest + tolerance;

        /// <summary>What both allow; where clocks drifted apart, the newer.</summary>
        public Found And(Found newer)
        {
            var both = new Found(Earliest > newer.Earliest ? Earliest : newer.Earliest, Latest < newer.Latest ? Latest : newer.Latest);
            return both.Earliest <= both.Latest ? both : newer;
        }
    }
}
