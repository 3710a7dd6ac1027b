namespace LlmOps.Gateway.Evidence;

/// <summary>What the answers of one release were like in the last minutes. Requests that warm an endpoint up are left out of the latencies.</summary>
internal sealed class RecentAnswers(TimeProvider time)
{
    /// <summary>Seconds from the begin of an attempt to its first token, of streamed answers.</summary>
    public RecentValues FirstToken { get; } = new(time);

    /// <summary>Seconds to the end of answers that are not streamed.</summary>
    public RecentValues WholeAnswer { get; } = new(time);

    /// <summary>Mean seconds per output token after the first, of streamed answers.</summary>
    public RecentValues TimePerOutputToken { get; } = new(time);

    /// <summary>Thousands of output tokens.</summary>
    public RecentValues OutputTokens { get; } = new(time);

    /// <summary>Cost in thousands of the dearer token; nothing without prices.</summary>
    public RecentValues Cost { get; } = new(time);

    /// <summary>Notes an answer, as far as it came.</summary>
    public void Note(in AnswerMeasure answer, Pricing? pricing, bool isWarmUp)
    {
        if (!isWarmUp && answer.ComparableSecondsPerOutputToken is { } perToken)
            TimePerOutputToken.Record(perToken);
        if (answer.ThousandOutputTokens is { } tokens)
            OutputTokens.Record(tokens);
        if (answer.RelativeCost(pricing) is { } cost)
            Cost.Record(cost);
    }
}
