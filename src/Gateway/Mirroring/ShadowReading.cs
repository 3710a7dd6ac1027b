using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Forwarding;
using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Prompts;

namespace LlmOps.Gateway.Mirroring;

/// <summary>Reads an answer that nobody gets, by the rules of the relays.</summary>
/// <param name="time">The gateway's clock.</param>
/// <param name="isStream">Whether it comes as events.</param>
/// <param name="gotFirstToken">Told of the first content.</param>
internal sealed class ShadowReading(TimeProvider time, bool isStream, Action gotFirstToken)
{
    private const int ReadSize = 8 * 1024;

    /// <summary>An answer, or an event of it, that is longer is not read to its end.</summary>
    private const int MaxRead = 8 * 1024 * 1024;

    private readonly StreamReading events = new(time);
    private AnswerMeasure? whole;

    /// <summary>Null where the answer is right; Blocked where a guardrail took all of it.</summary>
    public async Task<FailureReason?> ReadAsync(Stream stream, CancellationToken ct)
    {
        using var buffer = new PooledBuffer(ReadSize);
        int read;
        while ((read = await stream.ReadAsync(buffer.GetMemory(ReadSize), ct)) > 0)
        {
            buffer.Advance(read);
            if (isStream)
                ReadEvents(buffer);
            if (buffer.Length > MaxRead)
                return null;
        }

        return isStream ? EndEvents(buffer) : EndWhole(buffer);
    }

    /// <inheritdoc cref="StreamReading.Measure"/>
    public AnswerMeasure? Measure(bool cameToItsEnd) => isStream ? events.Measure(cameToItsEnd) : whole;

    private void ReadEvents(PooledBuffer buffer)
    {
        int length;
        while ((length = ServerSentEvents.EndOfEvent(buffer.Span)) > 0)
        {
            Note(buffer.Span[..length]);
            buffer.Consume(length);
        }
    }

    private FailureReason? EndEvents(PooledBuffer buffer)
    {
        // What is left has no blank line behind it; some servers end so.
        Note(buffer.Span);
        return events.HasFailed || !events.IsComplete ? FailureReason.Broken
            : events.HasContent ? null
            : events.IsBlocked ? FailureReason.Blocked : FailureReason.Empty;
    }

    private void Note(ReadOnlySpan<byte> sse)
    {
        var isFirst = !events.HasContent;
        events.Note(sse);
        if (isFirst && events.HasContent)
            gotFirstToken();
    }

    private FailureReason? EndWhole(PooledBuffer buffer)
    {
        var facts = CompletionFacts.Read(buffer.Span);
        if (facts.IsError)
            return FailureReason.Broken;
        if (facts.HasContent)
            gotFirstToken();
        if ((facts.HasUsage && facts.HasContent) || facts.IsBlocked)
            whole = AnswerMeasure.OfWhole(facts);
        return facts.HasContent ? null : facts.IsBlocked ? FailureReason.Blocked : FailureReason.Empty;
    }
}
