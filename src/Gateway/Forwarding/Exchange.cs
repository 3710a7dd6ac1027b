using LlmOps.Api;
using LlmOps.Gateway.Errors;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Picking;
using LlmOps.Gateway.Prompts;
using LlmOps.Gateway.Routing;
using LlmOps.Gateway.Split;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// One client request from its assignment to its end. Guarantees: it is assigned once and its evidence is that of its
/// first attempt; what a candidate cannot answer goes to stable as long as nothing reached the client.
/// </summary>
internal sealed class Exchange(Forwarder forwarder, HttpContext context, Route route, RequestEnvelope envelope, bool isChat)
{
    private readonly long startedAt = forwarder.Time.GetTimestamp();
    private Assignment? assignment;
    private bool firstAttemptEnded;

    public Forwarder Forwarder => forwarder;

    public HttpContext Context => context;

    public Route Route => route;

    public RequestEnvelope Envelope => envelope;

    public bool IsChat => isChat;

    public async Task RunAsync()
    {
        forwarder.Retries.AddRequest();
        var toCandidate = IsForCandidate(out var unit);
        var target = toCandidate ? route.Candidate : route.Stable;
        if (target is null)
        {
            await GatewayErrors.NotReady(route.DisplayName).WriteAsync(context);
            return;
        }

        assignment = route.Evidence?.Assign(toCandidate, unit, envelope.Stream);
        if (assignment is not null)
            forwarder.Waiting.Begin(assignment);
        try
        {
            var result = await TryReleaseAsync(target);
            if (!result.IsFinal && toCandidate && route.Stable is { } stable)
                (target, result) = (stable, await FallBackAsync(target, stable, result));
            await EndAsync(target, result);
        }
        finally
        {
            if (assignment is not null)
                forwarder.Waiting.End(assignment);
        }
    }

    /// <summary>Content of an attempt is there: told by the relays before they send it.</summary>
    public void FirstTokenOf(Attempt attempt)
    {
        var time = forwarder.Time;
        var window = envelope.Stream ? attempt.Target.State.FirstToken : attempt.Target.State.WholeAnswer;
        window.Record(time.GetElapsedTime(attempt.StartedAt).TotalSeconds);
        if (envelope.Stream)
            attempt.Target.Meter.FirstToken(time.GetElapsedTime(startedAt));
        if (!firstAttemptEnded && assignment is not null)
            forwarder.Waiting.End(assignment);
    }

    private bool IsForCandidate(out ulong? unit)
    {
        unit = null;
        if (route.Candidate is null || route.CandidateWeightPercent <= 0)
            return false;
        if (route.Stickiness == Stickiness.Session && context.Request.Headers.TryGetValue(GatewayHeaders.Session, out var session) && session.ToString() is { Length: > 0 } key)
            unit = TrafficSplit.HashKey(route.Salt, key.AsSpan());
        else if (route.Stickiness != Stickiness.Request && envelope.User() is { Length: > 0 } user)
            unit = TrafficSplit.HashKey(route.Salt, user);
        return TrafficSplit.IsCandidate(unit ?? (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue), route.CandidateWeightPercent);
    }

    private async Task<AttemptResult> FallBackAsync(ReleaseTarget candidate, ReleaseTarget stable, AttemptResult failed)
    {
        candidate.Meter.FellBack(failed.Reason.Label());
        ForwardingLog.FellBack(forwarder.Logger, route.DisplayName, candidate.Release, failed.Reason);
        var result = await TryReleaseAsync(stable);
        // Variables that stable can render and the candidate cannot are the candidate's fault, not the client's.
        if (failed.Reason == FailureReason.Variables && result.Reason != FailureReason.Variables && result.Outcome != AttemptOutcome.ClientGone)
            assignment?.Failed(forwarder.Time.GetUtcNow());
        return result;
    }

    /// <summary>Tries the endpoints of one release until one answers or none is left.</summary>
    private async Task<AttemptResult> TryReleaseAsync(ReleaseTarget target)
    {
        if (target.PromptProblem is { } problem)
            return FirstAttempt(new(AttemptOutcome.Failed, FailureReason.Prompt, Error: GatewayErrors.PromptUnavailable(route.DisplayName, problem)));
        var body = new PooledBuffer(envelope.Body.Length + 512);
        var clean = false;
        try
        {
            if (RequestRewriter.TryWrite(envelope, target.ServedNameJson, target.Prompt, isChat, body) is { } error)
                return FirstAttempt(new(AttemptOutcome.Failed, FailureReason.Variables, Error: error));
            var result = await TryEndpointsAsync(target, body.Memory);
            clean = result.Outcome == AttemptOutcome.Answered;
            return result;
        }
        finally
        {
            // A send that was cut off may still read the array.
            if (!clean)
                body.Abandon();
            body.Dispose();
        }
    }

    private async Task<AttemptResult> TryEndpointsAsync(ReleaseTarget target, ReadOnlyMemory<byte> body)
    {
        var tried = new EngineEndpoint?[forwarder.Options.AttemptsPerRelease];
        var result = new AttemptResult(AttemptOutcome.Failed, FailureReason.NoEndpoint, Error: GatewayErrors.NotReady(route.DisplayName));
        for (var i = 0; i < tried.Length; i++)
        {
            var endpoint = EndpointPicker.Pick(target.Endpoints, tried.AsSpan(0, i), forwarder.Time.GetTimestamp(), Random.Shared)
                ?? OnceMore(target, tried[0], i, result);
            if (endpoint is null || (i > 0 && !forwarder.Retries.TryTake()))
                break;
            if (i > 0)
                target.Meter.Retried();
            tried[i] = endpoint;
            using (var attempt = new Attempt(this, target, endpoint))
                result = await attempt.RunAsync(body);
            FirstAttempt(result);
            if (!result.IsWorthRetrying)
                break;
        }

        return FirstAttempt(result);
    }

    /// <summary>
    /// Stable's only endpoint, after it hung up without an answer: most often it closed a kept connection just as the
    /// request was sent, and takes it on a new one. A candidate has stable to turn to.
    /// </summary>
    private EngineEndpoint? OnceMore(ReleaseTarget target, EngineEndpoint? only, int attempts, AttemptResult last) =>
        attempts == 1 && last.Reason == FailureReason.Broken && ReferenceEquals(target, route.Stable) ? only : null;

    /// <summary>Enters the request's first result into the evidence; later ones change nothing.</summary>
    private AttemptResult FirstAttempt(AttemptResult result)
    {
        if (firstAttemptEnded)
            return result;
        firstAttemptEnded = true;
        if (assignment is null)
            return result;
        forwarder.Waiting.End(assignment);
        if (result.IsBadEvent)
            assignment.Failed(forwarder.Time.GetUtcNow());
        return result;
    }

    private async Task EndAsync(ReleaseTarget target, AttemptResult result)
    {
        var code = context.Response.StatusCode;
        switch (result.Outcome)
        {
            case AttemptOutcome.ClientGone:
                code = StatusCodes.Status499ClientClosedRequest;
                break;
            case AttemptOutcome.Failed or AttemptOutcome.Refused:
                code = result.Answer?.Status ?? result.Error!.Status;
                HeaderRules.Identify(context.Response, route, target);
                if (target.Track == Tracks.Stable || code >= 500)
                    ForwardingLog.Failed(forwarder.Logger, route.DisplayName, target.Release, result.Reason, code);
                await (result.Answer is { } answer ? WriteAsync(answer) : result.Error!.WriteAsync(context));
                break;
        }

        target.Meter.Answered(code, forwarder.Time.GetElapsedTime(startedAt));
        // The status is out; what is left is to end the connection without the mark of a complete answer.
        if (result.Outcome == AttemptOutcome.BrokenOff)
            throw new AnswerBrokenOffException();
    }

    private async Task WriteAsync(EngineError answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        if (answer.RetryAfter is { } retryAfter)
            response.Headers.RetryAfter = retryAfter;
        await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }
}

/// <summary>Makes Kestrel close the connection of an answer that cannot be completed, after it has sent what was flushed.</summary>
internal sealed class AnswerBrokenOffException() : Exception("the engine broke its answer off");
