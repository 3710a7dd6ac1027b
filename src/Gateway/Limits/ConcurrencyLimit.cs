namespace LlmOps.Gateway.Limits;

/// <summary>Bounds the requests in the house. Thread safe.</summary>
/// <param name="most">Requests at one time.</param>
internal sealed class ConcurrencyLimit(int most)
{
    private readonly ConcurrencyCount running = new();

    public bool TryEnter() => running.TryEnter(most);

    public void Leave() => running.Leave();
}
