using LlmOps.Gateway.Evidence;

namespace LlmOps.Gateway.Forwarding;

/// <summary>What all requests share on their way to an engine.</summary>
internal sealed class Forwarder(GatewayOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly CancellationTokenSource stopping = new();

    public GatewayOptions Options => options;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    /// <summary>Cancelled when the gateway ends: what no client waits for ends with it.</summary>
    public CancellationToken Stopping => stopping.Token;

    public HttpMessageInvoker Client { get; } = EngineClient.Create(options);

    public RetryBudget Retries { get; } = new(options.RetryRatio);

    public WaitingRequests Waiting { get; } = new(time);

    /// <summary>Ejections end then.</summary>
    public long EjectionEnd => time.GetTimestamp() + (long)(options.EjectFor.TotalSeconds * time.TimestampFrequency);

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
        Client.Dispose();
        Waiting.Dispose();
    }
}
