using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Prompts;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// Relays an answer that is not streamed: read whole before anything is sent, so that one that breaks off or is empty can
/// still be answered by somebody else. An answer over 8 MiB is passed on as it comes, unread.
/// </summary>
internal sealed class WholeRelay(Attempt attempt, HttpResponseMessage response)
{
    private const int MaxRead = 8 * 1024 * 1024;

    public async Task<AttemptResult> RunAsync()
    {
        using var buffer = new PooledBuffer((int)Math.Min(response.Content.Headers.ContentLength ?? 4096, MaxRead) + 1);
        var committed = false;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(attempt.Token);
            int read;
            while ((read = await stream.ReadAsync(buffer.GetMemory(1), attempt.Token)) > 0)
            {
                buffer.Advance(read);
                if (buffer.Length < MaxRead)
                    continue;
                if (!committed)
                {
                    attempt.GotFirstToken();
                    attempt.Commit(response);
                    committed = true;
                }

                attempt.StillAlive();
                await SendAsync(buffer.Memory);
                buffer.Clear();
            }
        }
        catch (OperationCanceledException)
        {
            return AfterCommit(attempt.Cancelled(), committed);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return AfterCommit(attempt.Context.RequestAborted.IsCancellationRequested ? attempt.Cancelled() : attempt.Broken(), committed);
        }

        return committed ? await FinishAsync(buffer) : await AnswerAsync(buffer);
    }

    private async Task<AttemptResult> AnswerAsync(PooledBuffer buffer)
    {
        var facts = CompletionFacts.Read(buffer.Span);
        if (facts.IsError)
            return attempt.Broken();
        if ((facts.HasUsage && facts.HasContent) || facts.IsBlocked)
            attempt.Measured(AnswerMeasure.OfWhole(facts), isFaulty: false);
        if (!facts.HasContent)
            return new(AttemptOutcome.Failed, facts.IsBlocked ? FailureReason.Blocked : FailureReason.Empty, new EngineError((int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), null, buffer.Span.ToArray()));
        attempt.GotFirstToken();
        attempt.Commit(response);
        attempt.Context.Response.ContentLength = buffer.Length;
        return await FinishAsync(buffer);
    }

    private async Task<AttemptResult> FinishAsync(PooledBuffer buffer)
    {
        try
        {
            await SendAsync(buffer.Memory);
            return new(AttemptOutcome.Answered);
        }
        catch (OperationCanceledException)
        {
            return new(AttemptOutcome.ClientGone);
        }
    }

    private ValueTask<System.IO.Pipelines.FlushResult> SendAsync(ReadOnlyMemory<byte> bytes) =>
        attempt.Context.Response.BodyWriter.WriteAsync(bytes, attempt.Context.RequestAborted);

    private static AttemptResult AfterCommit(AttemptResult result, bool committed) =>
        committed && result.Outcome == AttemptOutcome.Failed ? new(AttemptOutcome.BrokenOff, result.Reason) : result;
}
