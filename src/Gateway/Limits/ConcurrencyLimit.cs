namespace LlmOps.Gateway.Limits;

/// <summary>Bounds the requests in the house. Thread safe.</summary>
/// <param name="most">Requests at one time.</param>
internal sealed class ConcurrencyLimit(int most)
{
    private readonly ConcurrencyCount running = new();
    private long refused;

    /// <summary>Requests at one time.</summary>
    public int Most => most;

    /// <summary>Requests in the house now.</summary>
    public int Running => running.Running;

    /// <summary>Requests that found it full.</summary>
    public long Refused => Volatile.Read(ref refused);

    public bool TryEnter()
    {
        if (running.TryEnter(most))
            return true;
        Interlocked.Increment(ref refused);
        return false;
    }

    public void Leave() => running.Leave();
}
