namespace LlmOps.Demo.Load;

/// <summary>One request as its user saw it.</summary>
/// <param name="SentAt">When it was sent.</param>
/// <param name="Track">Track that answered; null where nothing did.</param>
/// <param name="Release">Release that answered; null where nothing did.</param>
/// <param name="TtftSeconds">Seconds to the first content; null where there was none.</param>
/// <param name="Failure">What went wrong; null where the whole answer came.</param>
public sealed record Outcome(DateTimeOffset SentAt, string? Track, string? Release, double? TtftSeconds, string? Failure);

/// <summary>What one track did in the last seconds.</summary>
public sealed record TrackWindow(double RequestsPerSecond, int Failures, double? TtftP50Seconds, double? TtftP95Seconds);

/// <summary>What users saw: totals since the start, and a sliding window. Thread safe.</summary>
public sealed class LoadStatistics(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly Queue<Outcome> recent = new();
    private readonly Dictionary<string, long> byRelease = [];
    private readonly List<Outcome> failures = [];
    private long total;

    public long Total
    {
        get { lock (gate) return total; }
    }

    /// <summary>Every request that did not get its whole answer.</summary>
    public IReadOnlyList<Outcome> Failures
    {
        get { lock (gate) return [.. failures]; }
    }

    /// <summary>Requests answered, by release.</summary>
    public IReadOnlyDictionary<string, long> ByRelease
    {
        get { lock (gate) return new Dictionary<string, long>(byRelease); }
    }

    public void Add(Outcome outcome)
    {
        lock (gate)
        {
            total++;
            recent.Enqueue(outcome);
            if (outcome.Release is { } release)
                byRelease[release] = byRelease.GetValueOrDefault(release) + 1;
            if (outcome.Failure is not null)
                failures.Add(outcome);
            Trim();
        }
    }

    /// <summary>Requests of one track that were sent in the last five seconds and have ended.</summary>
    public TrackWindow Recent(string track)
    {
        lock (gate)
        {
            Trim();
            var mine = recent.Where(o => o.Track == track).ToList();
            var ttft = mine.Where(o => o.TtftSeconds is not null).Select(o => o.TtftSeconds!.Value).Order().ToList();
            return new(mine.Count / Window.TotalSeconds, mine.Count(o => o.Failure is not null), Quantile(ttft, 0.5), Quantile(ttft, 0.95));
        }
    }

    private static double? Quantile(List<double> sorted, double q) =>
        sorted.Count == 0 ? null : sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(q * sorted.Count) - 1)];

    private void Trim()
    {
        var oldest = time.GetUtcNow() - Window;
        while (recent.TryPeek(out var first) && first.SentAt < oldest)
            recent.Dequeue();
    }
}
