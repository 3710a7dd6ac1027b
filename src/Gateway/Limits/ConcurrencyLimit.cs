namespace LlmOps.Gateway.Limits;

/// <summary>Bounds the requests in the house. Thread safe.</summary>
/// <param name="most">Requests at one time.</param>
internal sealed class ConcurrencyLimit(int most)
{
    private int running;

    public int Running => Volatile.Read(ref running);

    public bool TryEnter()
    {
        if (Interlocked.Increment(ref running) <= most)
            return true;
        Interlocked.Decrement(ref running);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref running);
}
