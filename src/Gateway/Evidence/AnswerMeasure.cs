using LlmOps.Gateway.Metering;

namespace LlmOps.Gateway.Evidence;

/// <summary>What one answer was like, as far as it came.</summary>
/// <param name="Usage">Its tokens.</param>
/// <param name="Generation">From the first to the last token; null where it was not streamed or has one token only.</param>
/// <param name="IsWhole">Whether it came to its end: of a part, tokens and cost say nothing.</param>
/// <param name="IsBlocked">Whether a guardrail ended it (finish reason <c>content_filter</c>).</param>
internal readonly record struct AnswerMeasure(TokenUsage Usage, TimeSpan? Generation, bool IsWhole, bool IsBlocked)
{
    /// <summary>
    /// Tokens after the first that an answer needs for its mean to be compared. The fewer there are, the further it lies from the engine's own pace by chance: a
    /// prompt that asks for short answers would look slow at stable's upper quantiles on the very same pods.
    /// </summary>
    private const int FewestToCompare = 10;

    /// <summary>Of an answer that was not streamed.</summary>
    public static AnswerMeasure OfWhole(in CompletionFacts facts) =>
        new(new TokenUsage(facts.PromptTokens, facts.CompletionTokens, IsEstimated: !facts.HasUsage), Generation: null, IsWhole: facts.HasUsage, facts.IsBlocked);

    /// <summary>Mean over the tokens after the first; null where it is not known.</summary>
    public double? SecondsPerOutputToken => Generation is { } span && Usage.OutputTokens > 1 ? span.TotalSeconds / (Usage.OutputTokens - 1) : null;

    /// <summary>The same; null of an answer that is too short to be held against others.</summary>
    public double? ComparableSecondsPerOutputToken => Usage.OutputTokens > FewestToCompare ? SecondsPerOutputToken : null;

    /// <summary>Thousands of output tokens; null of a part.</summary>
    public double? ThousandOutputTokens => IsWhole ? Usage.OutputTokens / 1000.0 : null;

    /// <summary>See <see cref="Pricing.RelativeCost"/>; null of a part, without prices, and where the engine gave no usage: unknown is not free.</summary>
    public double? RelativeCost(Pricing? pricing) =>
        IsWhole && !Usage.IsEstimated && pricing is not null ? pricing.RelativeCost(Usage.InputTokens, Usage.OutputTokens) : null;
}
