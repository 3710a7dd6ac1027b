using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Forwarding;
using LlmOps.Gateway.Picking;
using LlmOps.Gateway.Prompts;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway.Mirroring;

/// <summary>
/// The copy of one of stable's requests that the candidate gets. Guarantees: it is sent after the client's request went out,
/// and nothing of it, nor its failure, reaches the client; it ends by a deadline, and when the client leaves, because then
/// stable's answer cannot be compared with it either; its answer is read for what it says of the candidate, and dropped.
/// </summary>
internal sealed class Shadow : IDisposable
{
    private readonly Lock gate = new();
    private readonly Forwarder forwarder;
    private readonly Route route;
    private readonly ReleaseTarget candidate;
    private readonly Assignment assignment;
    private readonly RequestEnvelope envelope;
    private readonly bool isChat;
    private readonly CancellationTokenSource cancellation;
    private readonly CancellationTokenRegistration stopping;
    private readonly long startedAt;
    private bool started;
    private bool ended;
    private bool clientLeft;
    private bool hasToken;
    private bool isWarmUp;
    private bool? stableSucceeded;
    private FailureReason fault;
    private bool unauthorized;

    private Shadow(Forwarder forwarder, Route route, ReleaseTarget candidate, Assignment assignment, RequestEnvelope envelope, bool isChat)
    {
        (this.forwarder, this.route, this.candidate, this.assignment, this.envelope, this.isChat) = (forwarder, route, candidate, assignment, envelope, isChat);
        cancellation = new(FirstTokenDeadline.For(candidate, route.Stable, envelope.Stream, forwarder.Options), forwarder.Time);
        stopping = forwarder.Stopping.UnsafeRegister(static state => ((Shadow)state!).ClientLeft(), this);
        startedAt = forwarder.Time.GetTimestamp();
    }

    /// <summary>A copy of a request that is drawn for it; null where it is not, or too many run.</summary>
    /// <param name="draw">Of the request, 0 to 99.</param>
    public static Shadow? TryTake(Forwarder forwarder, Route route, RequestEnvelope envelope, bool isChat, ulong? unit, int draw)
    {
        if (route is not { Mirror: { } mirror, Candidate: { } candidate, Evidence: { } evidence } || draw >= mirror.Percent)
            return null;
        if (!candidate.State.Copies.TryEnter(mirror.MaxConcurrent))
        {
            candidate.Meter.NotMirrored();
            return null;
        }

        return new Shadow(forwarder, route, candidate, evidence.Assign(candidate: true, unit, envelope.Stream), envelope, isChat);
    }

    /// <summary>The client's request went out. Makes the copy's body while the client's is still there; a second time changes nothing.</summary>
    public void Start(HttpRequest client)
    {
        if (started)
            return;
        started = true;
        var body = new PooledBuffer(envelope.Body.Length + 512);
        if (Prepare(client, body) is not { } request)
        {
            body.Dispose();
            End("failed");
            return;
        }

        _ = Task.Run(() => RunAsync(request, body));
    }

    /// <summary>Stable's part is over.</summary>
    /// <param name="client">The client's request.</param>
    /// <param name="result">How it ended.</param>
    public void StableEnded(HttpRequest client, AttemptResult result)
    {
        if (result.Outcome == AttemptOutcome.ClientGone)
        {
            ClientLeft();
            if (!started)
                End("cancelled");
            started = true;
            return;
        }

        // It was not sent where stable had no endpoint, say: the candidate may have one.
        Start(client);
        lock (gate)
        {
            stableSucceeded = result.IsSuccess;
            Compare();
        }
    }

    /// <summary>Ends what it holds; it does so by itself when it is over.</summary>
    public void Dispose()
    {
        stopping.Dispose();
        lock (gate)
        {
            ended = true;
            cancellation.Dispose();
        }
    }

    private (HttpRequestMessage Message, EngineEndpoint Endpoint)? Prepare(HttpRequest client, PooledBuffer body)
    {
        if (candidate.PromptProblem is { } problem)
            return Fail(problem.IsInvalid ? FailureReason.Template : FailureReason.Prompt);
        if (RequestRewriter.TryWrite(envelope, candidate.ServedNameJson, candidate.Prompt, isChat, body) is not null)
            return Fail(FailureReason.Variables);
        if (EndpointPicker.Pick(candidate.Endpoints, [], forwarder.Time.GetTimestamp(), Random.Shared) is not { } endpoint)
            return Fail(FailureReason.NoEndpoint);
        return (HeaderRules.ToEngine(client, isChat ? endpoint.ChatCompletions : endpoint.Completions, body.Memory, candidate.ApiKey is not null), endpoint);
    }

    private async Task RunAsync((HttpRequestMessage Message, EngineEndpoint Endpoint) request, PooledBuffer body)
    {
        var outcome = "failed";
        if (request.Endpoint.Enter() <= route.WarmUpRequests)
        {
            isWarmUp = true;
            assignment.LeaveOutLatency();
        }

        forwarder.Waiting.Begin(assignment);
        try
        {
            using (request.Message)
            {
                if (await AnswerAsync(request.Message) is { } failure)
                    Fail(failure);
                else
                    outcome = "answered";
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
        {
            outcome = Interrupted(e);
        }
        catch (Exception e)
        {
            ForwardingLog.Crashed(forwarder.Logger, e);
        }
        finally
        {
            request.Endpoint.Leave();
            // A send that was cut off may still read the array.
            if (outcome != "answered")
                body.Abandon();
            body.Dispose();
            End(outcome);
        }
    }

    /// <summary>Null where the candidate answered.</summary>
    private async Task<FailureReason?> AnswerAsync(HttpRequestMessage message)
    {
        var reply = await forwarder.Client.SendAsync(message, candidate.ApiKey, cancellation.Token);
        if (reply.Response is not { } response)
            return FailureReason.KeyUnavailable;
        using var answer = response;
        unauthorized = KeyedSending.IsUnauthorized(response.StatusCode);
        switch ((int)response.StatusCode)
        {
            case >= 500:
                return FailureReason.ServerError;
            case 429:
                return FailureReason.TooManyRequests;
            case >= 400:
                return unauthorized && candidate.ApiKey is not null ? FailureReason.KeyRefused : FailureReason.Refused;
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellation.Token);
        var reading = new ShadowReading(forwarder.Time, Attempt.IsStream(response), GotFirstToken);
        AnswerMeasure? part = null;
        try
        {
            var failure = await reading.ReadAsync(stream, cancellation.Token);
            part = failure is null or FailureReason.Blocked ? reading.Measure(cameToItsEnd: true) : null;
            return failure == FailureReason.Blocked ? null : failure;
        }
        catch (OperationCanceledException)
        {
            part = reading.Measure(cameToItsEnd: false);
            throw;
        }
        finally
        {
            if (part is { } measure)
            {
                assignment.Answered(measure, route.Pricing);
                candidate.State.Answers.Note(measure, route.Pricing, isWarmUp);
            }
        }
    }

    private void GotFirstToken()
    {
        forwarder.Waiting.End(assignment, hasToken: true);
        hasToken = true;
        if (!isWarmUp)
            (envelope.Stream ? candidate.State.Answers.FirstToken : candidate.State.Answers.WholeAnswer).Record(forwarder.Time.GetElapsedTime(startedAt).TotalSeconds);
        var left = forwarder.Options.MirrorDeadline - forwarder.Time.GetElapsedTime(startedAt);
        cancellation.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    /// <summary>Cut off without a first token in time it is an error, as of any request to a candidate; later, or when the client has left, it is merely over.</summary>
    private string Interrupted(Exception e)
    {
        if (cancellation.IsCancellationRequested && (clientLeft || hasToken))
            return "cancelled";
        // A cancellation that is not ours is the handler's own connect timeout.
        Fail(cancellation.IsCancellationRequested ? FailureReason.Timeout : e is OperationCanceledException ? FailureReason.Connect : FailureReason.Broken);
        return "failed";
    }

    private (HttpRequestMessage, EngineEndpoint)? Fail(FailureReason reason)
    {
        lock (gate)
        {
            fault = reason;
            if (!clientLeft && new AttemptResult(AttemptOutcome.Failed, reason).IsBadEvent)
                assignment.Failed(forwarder.Time.GetUtcNow());
            Compare();
        }

        return null;
    }

    /// <summary>What is the candidate's fault only if stable could do better, once both are known.</summary>
    private void Compare()
    {
        if (stableSucceeded != true || fault == FailureReason.None)
            return;
        if (fault is FailureReason.Template or FailureReason.Variables)
            assignment.CouldNotRender();
        if (fault == FailureReason.Variables)
            assignment.Failed(forwarder.Time.GetUtcNow());
        if (unauthorized)
            assignment.WasUnauthorized();
        (fault, unauthorized) = (FailureReason.None, false);
    }

    private void ClientLeft()
    {
        lock (gate)
        {
            clientLeft = true;
            if (!ended)
                cancellation.Cancel();
        }
    }

    private void End(string outcome)
    {
        forwarder.Waiting.End(assignment);
        Dispose();
        candidate.Meter.Mirrored(outcome);
        candidate.State.Copies.Leave();
    }
}
