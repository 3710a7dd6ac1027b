namespace LlmOps.Kubernetes;

/// <summary>Exponential back-off with jitter: each wait is between half and all of a bound that doubles. One user at a time.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private int failures;

    public TimeSpan Next() => Bound(first, longest, failures++) * (0.5 + (Random.Shared.NextDouble() / 2));

    public void Reset() => failures = 0;

    /// <summary><paramref name="first"/> · 2^<paramref name="failures"/>, at most <paramref name="longest"/>.</summary>
    public static TimeSpan Bound(TimeSpan first, TimeSpan longest, int failures)
    {
        var seconds = first.TotalSeconds * Math.Pow(2, Math.Min(failures, 60));
        return seconds < longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : longest;
    }
}
