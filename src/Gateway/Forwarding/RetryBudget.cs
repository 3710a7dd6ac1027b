namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// Bounds retries to a share of requests, so that an outage is not doubled by those who retry into it. Each request adds
/// its share, each retry takes one; a burst is saved up. Thread safe. Source: https://sre.google/sre-book/handling-overload/
/// </summary>
/// <param name="ratio">Retries per request, 0 to 1.</param>
internal sealed class RetryBudget(double ratio)
{
    private const long Unit = 1000;
    private const long Burst = 20 * Unit;

    private readonly long share = (long)(ratio * Unit);
    private long saved = Burst;

    public void AddRequest()
    {
        var now = Interlocked.Read(ref saved);
        // A lost race loses a share of one request, which is nothing.
        if (now < Burst)
            Interlocked.CompareExchange(ref saved, Math.Min(Burst, now + share), now);
    }

    /// <summary>Whether one more attempt may be made.</summary>
    public bool TryTake()
    {
        while (true)
        {
            var now = Interlocked.Read(ref saved);
            if (now < Unit)
                return false;
            if (Interlocked.CompareExchange(ref saved, now - Unit, now) == now)
                return true;
        }
    }
}
