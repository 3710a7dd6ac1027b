using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>A model that scores: it is told the answer and by what to judge it, and says pass or fail.</summary>
public sealed record JudgeSpec
{
    /// <summary>Name of the LlmDeployment in the same namespace whose stable release judges. Not the one under test.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Model { get; init; }

    /// <summary>Name of the PromptVersion that says what passes. Its variable <c>output</c> is the answer, <c>input</c> the question, <c>expected</c> the value at <see cref="ScorerSpec.Expected"/>; others are taken from <c>vars</c> of the case.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Prompt { get; init; }

    /// <summary>Requests to the judge at a time, default 4.</summary>
    [SchemaDefault("4")]
    [Bounds(Min = 1, Max = 256)]
    public int? Concurrency { get; init; }

    /// <summary>Names of scorers that are no judges. An answer that fails one of them fails this scorer too, and the judge is not asked about it.</summary>
    [ListType("set")]
    [Size(Min = 1, Max = 15)]
    public IReadOnlyList<string>? OnlyIfPassed { get; init; }
}
