using LlmOps.Gateway.Errors;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Picking;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// One try to get one request answered by one endpoint. Guarantees: the endpoint's load is counted while it runs; it ends
/// when the client leaves, and the engine learns of it by its closed connection; whatever fails before the first byte
/// reaches the client is a result, not an exception.
/// </summary>
internal sealed class Attempt : IDisposable
{
    private readonly CancellationTokenSource cancellation;
    private readonly CancellationTokenRegistration clientLeft;

    public Attempt(Exchange exchange, ReleaseTarget target, EngineEndpoint endpoint)
    {
        Exchange = exchange;
        Target = target;
        Endpoint = endpoint;
        var forwarder = exchange.Forwarder;
        cancellation = new(FirstTokenDeadline.For(target, exchange.Route.Stable, exchange.Envelope.Stream, forwarder.Options), forwarder.Time);
        clientLeft = exchange.Context.RequestAborted.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), cancellation);
        StartedAt = forwarder.Time.GetTimestamp();
        IsWarmUp = endpoint.Enter() <= exchange.Route.WarmUpRequests;
        target.Meter.InFlight(1);
    }

    public Exchange Exchange { get; }

    public ReleaseTarget Target { get; }

    public EngineEndpoint Endpoint { get; }

    public HttpContext Context => Exchange.Context;

    /// <summary>When it was sent, on the gateway's clock.</summary>
    public long StartedAt { get; }

    /// <summary>Whether it is one of the first requests of its endpoint.</summary>
    public bool IsWarmUp { get; }

    /// <summary>Ends it: the client left, or the time is over.</summary>
    public CancellationToken Token => cancellation.Token;

    /// <summary>Sends the body and relays the answer.</summary>
    public async Task<AttemptResult> RunAsync(ReadOnlyMemory<byte> body)
    {
        using var request = HeaderRules.ToEngine(Context.Request, Exchange.IsChat ? Endpoint.ChatCompletions : Endpoint.Completions, body, Target.ApiKey is not null);
        EngineReply reply;
        try
        {
            var sending = Exchange.Forwarder.Client.SendAsync(request, Target.ApiKey, Token);
            Exchange.Sent();
            reply = await sending;
        }
        catch (OperationCanceledException) when (Token.IsCancellationRequested)
        {
            return Cancelled();
        }
        catch (OperationCanceledException)
        {
            // The handler's own connect timeout.
            return NotConnected();
        }
        catch (HttpRequestException e)
        {
            return e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError ? NotConnected() : Broken();
        }

        if (reply.Response is not { } response)
            return new(AttemptOutcome.Failed, FailureReason.KeyUnavailable, Error: GatewayErrors.KeyUnavailable(Exchange.Route.DisplayName, reply.KeyProblem!));
        using (response)
        {
            // The key is the gateway's: that it is refused is no fault of the client.
            if (Target.ApiKey is not null && KeyedSending.IsUnauthorized(response.StatusCode))
                return new(AttemptOutcome.Failed, FailureReason.KeyRefused, Error: GatewayErrors.KeyRefused(Exchange.Route.DisplayName));
            if ((int)response.StatusCode >= 400)
                return await ErrorAsync(response);
            return IsStream(response)
                ? await new StreamRelay(this, response).RunAsync()
                : await new WholeRelay(this, response).RunAsync();
        }
    }

    /// <summary>The first content is there; from now on only silence is limited.</summary>
    public void GotFirstToken()
    {
        Exchange.FirstTokenOf(this);
        StillAlive();
    }

    /// <summary>The answer is over, as far as it came.</summary>
    /// <param name="answer">What it was like.</param>
    /// <param name="isFaulty">The engine broke it off or ended it with an error: it counts as that, and as nothing else.</param>
    public void Measured(in AnswerMeasure answer, bool isFaulty) => Exchange.AnswerOf(this, answer, isFaulty);

    /// <summary>Something came from the engine after the first content.</summary>
    public void StillAlive() => cancellation.CancelAfter(Exchange.Forwarder.Options.IdleTimeout);

    /// <summary>Status and headers for the client; from here on nobody else can answer.</summary>
    public void Commit(HttpResponseMessage response) => HeaderRules.ToClient(Context.Response, response, Exchange.Route, Target);

    /// <summary>The result of a cancelled read or send.</summary>
    public AttemptResult Cancelled() => Context.RequestAborted.IsCancellationRequested
        ? new(AttemptOutcome.ClientGone)
        : new(AttemptOutcome.Failed, FailureReason.Timeout, Error: GatewayErrors.TimedOut(Exchange.Route.DisplayName));

    public AttemptResult Broken() => new(AttemptOutcome.Failed, FailureReason.Broken, Error: GatewayErrors.BrokenAnswer(Exchange.Route.DisplayName));

    public void Dispose()
    {
        clientLeft.Dispose();
        cancellation.Dispose();
        Endpoint.Leave();
        Target.Meter.InFlight(-1);
    }

    // Reads the text: parsing the media type of every answer costs more than it tells.
    internal static bool IsStream(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) && type.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);

    private AttemptResult NotConnected()
    {
        Endpoint.EjectUntil(Exchange.Forwarder.EjectionEnd);
        return new(AttemptOutcome.Failed, FailureReason.Connect, Error: GatewayErrors.Unreachable(Exchange.Route.DisplayName));
    }

    private async Task<AttemptResult> ErrorAsync(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        EngineError? answer = null;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(Token);
            var body = new byte[EngineError.MaxBody];
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, Token);
            response.Headers.NonValidated.TryGetValues("Retry-After", out var retryAfter);
            answer = new EngineError(status, response.Content.Headers.ContentType?.ToString(), retryAfter.Count > 0 ? retryAfter.ToString() : null, body[..length]);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException)
        {
            if (Context.RequestAborted.IsCancellationRequested)
                return new(AttemptOutcome.ClientGone);
        }

        var error = answer is null ? GatewayErrors.BrokenAnswer(Exchange.Route.DisplayName) : null;
        return status switch
        {
            >= 500 => new(AttemptOutcome.Failed, FailureReason.ServerError, answer, error),
            429 => new(AttemptOutcome.Failed, FailureReason.TooManyRequests, answer, error),
            _ => new(AttemptOutcome.Refused, FailureReason.Refused, answer, error),
        };
    }
}
