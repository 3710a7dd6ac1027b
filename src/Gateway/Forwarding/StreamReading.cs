using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Metering;

namespace LlmOps.Gateway.Forwarding;

/// <summary>Takes note of the events of a streamed answer: where its content begins and ends, its tokens, and how it ended.</summary>
internal sealed class StreamReading(TimeProvider time)
{
    private long chunks;
    private long firstAt;
    private long lastAt;
    private bool done;
    private bool finished;
    private bool blocked;
    private TokenUsage? usage;

    /// <summary>Text, a tool call or reasoning has come.</summary>
    public bool HasContent => chunks > 0;

    /// <summary>An error event, or a finish reason that means one, has come.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>A guardrail ended the answer.</summary>
    public bool IsBlocked => blocked;

    /// <summary>The engine has said that this is the end.</summary>
    public bool IsComplete => done || finished || HasFailed;

    /// <summary>Takes note of an event; false where it says usage and nothing else.</summary>
    public bool Note(ReadOnlySpan<byte> sse)
    {
        var data = ServerSentEvents.Data(sse);
        if (data.IsEmpty)
            return true;
        if (data.SequenceEqual("[DONE]"u8))
        {
            done = true;
            return true;
        }

        var now = time.GetTimestamp();
        if (chunks > 0 && !ServerSentEvents.MaySayMore(data))
        {
            chunks++;
            lastAt = now;
            return true;
        }

        var facts = CompletionFacts.Read(data);
        finished |= facts.IsFinished;
        blocked |= facts.IsBlocked;
        HasFailed |= facts.IsError;
        if (facts.HasContent)
        {
            if (chunks++ == 0)
                firstAt = now;
            lastAt = now;
        }

        if (!facts.HasUsage)
            return true;
        usage = new TokenUsage(facts.PromptTokens, facts.CompletionTokens, IsEstimated: false);
        return facts.HasChoices;
    }

    /// <summary>What the answer was like; null where nothing of it came.</summary>
    /// <param name="cameToItsEnd">Nothing interrupted it.</param>
    public AnswerMeasure? Measure(bool cameToItsEnd) => chunks == 0 && usage is null && !blocked
        ? null
        : new(
            usage ?? new TokenUsage(0, chunks, IsEstimated: true),
            chunks > 1 ? time.GetElapsedTime(firstAt, lastAt) : null,
            IsWhole: cameToItsEnd && IsComplete && !HasFailed,
            blocked);
}
