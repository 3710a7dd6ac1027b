namespace LlmOps.Gateway.Picking;

/// <summary>One address of an engine, with what the gateway knows of it. Lives as long as an EndpointSlice lists it, over all route tables.</summary>
internal sealed class EngineEndpoint
{
    private long inFlight;
    private long entered;
    private long ejectedUntil = long.MinValue;

    /// <param name="authority">Host and port as in a URL, such as <c>10.0.0.1:8000</c> or <c>[fd00::1]:8000</c>.</param>
    public EngineEndpoint(string authority)
    {
        Authority = authority;
        ChatCompletions = new Uri($"http://{authority}/v1/chat/completions");
        Completions = new Uri($"http://{authority}/v1/completions");
    }

    public string Authority { get; }

    public Uri ChatCompletions { get; }

    public Uri Completions { get; }

    /// <summary>Requests that this gateway has running there.</summary>
    public long InFlight => Interlocked.Read(ref inFlight);

    /// <summary>A request goes there; gives its number, from 1.</summary>
    public long Enter()
    {
        Interlocked.Increment(ref inFlight);
        return Interlocked.Increment(ref entered);
    }

    public void Leave() => Interlocked.Decrement(ref inFlight);

    /// <summary>Leaves the endpoint alone until a timestamp of the gateway's clock.</summary>
    public void EjectUntil(long timestamp) => Interlocked.Exchange(ref ejectedUntil, timestamp);

    public bool IsEjected(long timestamp) => Interlocked.Read(ref ejectedUntil) > timestamp;
}
