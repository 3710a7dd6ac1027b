using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>One thing that happened in a rollout.</summary>
public sealed record TimelineEntry
{
    /// <summary>When it happened, by the time of the API server.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What, as a word: one of the reasons of conditions and events, or SpecChanged, StepEntered or VerdictReached.</summary>
    [Size(Max = 128)]
    public required string Reason { get; init; }

    /// <summary>Index of the step afterwards, from 0.</summary>
    public required int Step { get; init; }

    /// <summary>The candidate's share of requests afterwards, in per cent.</summary>
    public required int Weight { get; init; }

    /// <summary>What, in a sentence.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }
}

/// <summary>A stage of a rollout as it was gone through.</summary>
public sealed record StepTimeStatus
{
    /// <summary>Index of the step, from 0; the number of steps for what comes after them.</summary>
    public required int Step { get; init; }

    /// <summary><c>start</c>, the step in words as it was then, such as <c>weight 25%</c>, or what comes after the steps, such as <c>promotion</c>.</summary>
    [Size(Max = 320)]
    public required string Name { get; init; }

    /// <summary>Highest weight that the candidate had in it, in per cent.</summary>
    public required int Weight { get; init; }

    /// <summary>When it began; absent where it was never reached.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; absent while it lasts, and where it was never reached.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A number or a choice that the live tests went by.</summary>
public sealed record RuleStatus
{
    /// <summary>Which, such as <c>falseRevertProbability</c> or <c>tolerance/ttft</c>.</summary>
    [Size(Max = 128)]
    public required string Name { get; init; }

    /// <summary>Its value in words, such as <c>1%</c> or <c>1.2</c>.</summary>
    [Size(Max = 512)]
    public required string Value { get; init; }
}
