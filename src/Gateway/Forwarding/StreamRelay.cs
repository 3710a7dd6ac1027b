using LlmOps.Gateway.Errors;
using LlmOps.Gateway.Prompts;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// Relays a streamed answer event by event, without waiting for more than the end of an event. Until the first content
/// (text, tool call, reasoning) nothing is sent, so that an early failure can still be answered by somebody else.
/// </summary>
internal sealed class StreamRelay(Attempt attempt, HttpResponseMessage response)
{
    private const int ReadSize = 8 * 1024;

    /// <summary>An event longer than this is passed on unread.</summary>
    private const int MaxEvent = 1024 * 1024;

    private readonly bool dropsUsage = !attempt.Exchange.Envelope.WantsUsage;
    private readonly StreamReading reading = new(attempt.Exchange.Forwarder.Time);
    private bool committed;

    public async Task<AttemptResult> RunAsync()
    {
        using var buffer = new PooledBuffer(ReadSize);
        AttemptResult? interruption = null;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(attempt.Token);
            interruption = await CopyAsync(stream, buffer);
        }
        catch (OperationCanceledException)
        {
            interruption = attempt.Cancelled();
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            interruption = attempt.Context.RequestAborted.IsCancellationRequested ? attempt.Cancelled() : attempt.Broken();
        }

        Measure(interruption);
        return await EndAsync(interruption, buffer);
    }

    /// <summary>Null when the stream ended by itself.</summary>
    private async Task<AttemptResult?> CopyAsync(Stream stream, PooledBuffer buffer)
    {
        var scanned = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.GetMemory(ReadSize), attempt.Token);
            if (read == 0)
            {
                // What is left has no blank line behind it; some servers end so.
                Inspect(buffer.Span[scanned..]);
                return null;
            }

            buffer.Advance(read);
            scanned = Scan(buffer, scanned);
            if (reading.HasFailed && !committed)
                return attempt.Broken();
            if (!committed && !reading.HasContent)
                continue;
            if (!committed)
            {
                attempt.GotFirstToken();
                attempt.Commit(response);
                committed = true;
            }
            else
            {
                attempt.StillAlive();
            }

            if (scanned == 0)
                continue;
            if (!await SendAsync(buffer.Memory[..scanned]))
                return new AttemptResult(AttemptOutcome.ClientGone);
            buffer.Consume(scanned);
            scanned = 0;
        }
    }

    /// <summary>Looks at the complete events from an offset on; gives the offset behind the last one.</summary>
    private int Scan(PooledBuffer buffer, int from)
    {
        while (true)
        {
            var rest = buffer.Span[from..];
            var length = ServerSentEvents.EndOfEvent(rest);
            if (length < 0)
                return rest.Length > MaxEvent ? buffer.Length : from;
            if (Inspect(rest[..length]))
                from += length;
            else
                buffer.Cut(from, from + length);
        }
    }

    /// <summary>Takes note of an event; false where the client did not ask for it.</summary>
    private bool Inspect(ReadOnlySpan<byte> sse) => reading.Note(sse) || !dropsUsage;

    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> events)
    {
        var flushed = await attempt.Context.Response.BodyWriter.WriteAsync(events, attempt.Context.RequestAborted);
        return !flushed.IsCompleted && !flushed.IsCanceled;
    }

    private void Measure(AttemptResult? interruption)
    {
        // An answer that its client left says how fast its tokens came: who waits least must not hide the slowest answers.
        if (reading.Measure(cameToItsEnd: interruption is null) is { } measure)
            attempt.Measured(measure, IsFaulty(interruption));
    }

    private bool IsFaulty(AttemptResult? interruption) => interruption is { } cut
        ? cut.Outcome != AttemptOutcome.ClientGone
        : reading.HasFailed || !reading.IsComplete || !(reading.HasContent || reading.IsBlocked);

    /// <summary>
    /// | ended | before the first content | after it |
    /// | --- | --- | --- |
    /// | client left | ClientGone | ClientGone |
    /// | interrupted (connection, time) | Failed | BrokenOff, with an error event |
    /// | with an error event or finish reason | Failed | Answered, counts as broken |
    /// | by itself, without [DONE] or finish reason | Failed | BrokenOff, with an error event |
    /// | by itself | Failed: empty, or blocked by a guardrail | Answered |
    /// </summary>
    private async Task<AttemptResult> EndAsync(AttemptResult? interruption, PooledBuffer buffer)
    {
        if (interruption?.Outcome == AttemptOutcome.ClientGone)
            return interruption.Value;
        var complete = interruption is null && reading.IsComplete;
        if (!committed && complete && reading.HasContent && !reading.HasFailed)
        {
            // All of it came without one blank line.
            attempt.GotFirstToken();
            attempt.Commit(response);
            committed = true;
        }

        if (!committed)
            return interruption ?? (reading.HasFailed || !complete ? attempt.Broken() : Empty(buffer));
        if (!complete)
        {
            var error = interruption?.Error ?? GatewayErrors.BrokenAnswer(attempt.Exchange.Route.DisplayName);
            await SendAsync(error.ToServerSentEvent());
            return new(AttemptOutcome.BrokenOff, interruption?.Reason ?? FailureReason.Broken);
        }

        if (buffer.Length > 0)
            await SendAsync(buffer.Memory);
        return new(AttemptOutcome.Answered, reading.HasFailed ? FailureReason.Broken : FailureReason.None);
    }

    private AttemptResult Empty(PooledBuffer buffer) => new(
        AttemptOutcome.Failed, reading.IsBlocked ? FailureReason.Blocked : FailureReason.Empty,
        new EngineError(200, "text/event-stream", null, buffer.Span.ToArray()));
}
