using LlmOps.Api;
using LlmOps.Gateway.Errors;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Mirroring;
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
    private Shadow? shadow;
    private bool firstAttemptEnded;

    public Forwarder Forwarder => forwarder;

    public HttpContext Context => context;

    public Route Route => route;

    public RequestEnvelope Envelope => envelope;

    public bool IsChat => isChat;

    public async Task RunAsync()
    {
        forwarder.Retries.AddRequest();
        var unit = route.CandidateWeightPercent > 0 || route.Mirror is not null ? Unit() : null;
        var toCandidate = IsForCandidate(unit);
        var target = toCandidate ? route.Candidate : route.Stable;
        if (target is null)
        {
            await GatewayErrors.NotReady(route.DisplayName).WriteAsync(context);
            return;
        }

        Assign(toCandidate, unit);
        // What is left of it when something unforeseen is thrown.
        var result = new AttemptResult(AttemptOutcome.ClientGone);
        try
        {
            result = await TryReleaseAsync(target);
            if (!result.IsFinal && toCandidate && route.Stable is { } stable)
                (target, result) = (stable, await FallBackAsync(target, stable, result));
            await EndAsync(target, result);
        }
        finally
        {
            if (assignment is not null)
                forwarder.Waiting.End(assignment);
            shadow?.StableEnded(context.Request, result);
        }
    }

    /// <summary>The request is on its way to an engine: nothing that happens now can delay it.</summary>
    public void Sent() => shadow?.Start(context.Request);

    /// <summary>Content of an attempt is there: told by the relays before they send it.</summary>
    public void FirstTokenOf(Attempt attempt)
    {
        var time = forwarder.Time;
        var answers = attempt.Target.State.Answers;
        if (!attempt.IsWarmUp)
            (envelope.Stream ? answers.FirstToken : answers.WholeAnswer).Record(time.GetElapsedTime(attempt.StartedAt).TotalSeconds);
        if (envelope.Stream)
            attempt.Target.Meter.FirstToken(time.GetElapsedTime(startedAt));
        if (!firstAttemptEnded && assignment is not null)
            forwarder.Waiting.End(assignment, hasToken: true);
    }

    /// <summary>What an attempt answered: told by the relays when it is over.</summary>
    public void AnswerOf(Attempt attempt, in AnswerMeasure answer, bool isFaulty)
    {
        attempt.Target.Meter.Used(answer, route.Pricing);
        if (isFaulty)
            return;
        attempt.Target.State.Answers.Note(answer, route.Pricing, attempt.IsWarmUp);
        if (!firstAttemptEnded)
            assignment?.Answered(answer, route.Pricing);
    }

    /// <summary>Hash of what stays with one track; null where the request is its own.</summary>
    private ulong? Unit()
    {
        if (route.Stickiness == Stickiness.Session && context.Request.Headers.TryGetValue(GatewayHeaders.Session, out var session) && session.ToString() is { Length: > 0 } key)
            return TrafficSplit.HashKey(route.Salt, key.AsSpan());
        if (route.Stickiness != Stickiness.Request && envelope.User() is { Length: > 0 } user)
            return TrafficSplit.HashKey(route.Salt, user);
        return null;
    }

    private bool IsForCandidate(ulong? unit) => route.Candidate is not null && route.CandidateWeightPercent > 0
        && TrafficSplit.IsCandidate(unit ?? (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue), route.CandidateWeightPercent);

    private void Assign(bool toCandidate, ulong? unit)
    {
        if (route.Evidence is not { } evidence)
            return;
        if (evidence.IsMirrored)
        {
            // Counted together or not at all.
            shadow = Shadow.TryTake(forwarder, route, envelope, isChat, unit, Random.Shared.Next(100));
            if (shadow is null)
                return;
        }

        // An attempt at the candidate ends by itself at the time that stable's goes on after.
        TimeSpan? failsAfter = toCandidate ? null : FirstTokenDeadline.OfCandidate(route.Stable!, envelope.Stream, forwarder.Options);
        assignment = evidence.Assign(toCandidate, unit, envelope.Stream, failsAfter);
    }

    private async Task<AttemptResult> FallBackAsync(ReleaseTarget candidate, ReleaseTarget stable, AttemptResult failed)
    {
        candidate.Meter.FellBack(failed.Reason.Label());
        ForwardingLog.FellBack(forwarder.Logger, route.DisplayName, candidate.Release, failed.Reason);
        var result = await TryReleaseAsync(stable);
        // Variables that stable can render and the candidate cannot are the candidate's fault, not the client's.
        if (failed.Reason == FailureReason.Variables && result.Reason != FailureReason.Variables && result.Outcome != AttemptOutcome.ClientGone)
            assignment?.Failed(forwarder.Time.GetUtcNow());
        if (result.IsSuccess && failed.CouldNotRender)
            assignment?.CouldNotRender();
        if (result.IsSuccess && failed.IsUnauthorized)
            assignment?.WasUnauthorized();
        return result;
    }

    /// <summary>Tries the endpoints of one release until one answers or none is left.</summary>
    private async Task<AttemptResult> TryReleaseAsync(ReleaseTarget target)
    {
        if (target.PromptProblem is { } problem)
            return FirstAttempt(new(AttemptOutcome.Failed, problem.IsInvalid ? FailureReason.Template : FailureReason.Prompt, Error: GatewayErrors.PromptUnavailable(route.DisplayName, problem.Message)));
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
            {
                BeginWait(attempt);
                result = await attempt.RunAsync(body);
            }

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

    private void BeginWait(Attempt attempt)
    {
        if (firstAttemptEnded || assignment is null)
            return;
        if (attempt.IsWarmUp)
            assignment.LeaveOutLatency();
        forwarder.Waiting.Begin(assignment);
    }

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
