namespace LlmOps.Gateway.Limits;

/// <summary>Counts what runs at one time, against a bound that may change meanwhile. Thread safe.</summary>
internal sealed class ConcurrencyCount
{
    private int running;

    /// <summary>How many run now.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>Enters where fewer than <paramref name="most"/> run.</summary>
    public bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref running) <= most)
            return true;
        Interlocked.Decrement(ref running);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref running);
}
