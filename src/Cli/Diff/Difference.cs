using System.Text.Json.Serialization;

namespace LlmOps.Cli.Diff;

/// <summary>What two releases differ in. The answer of <c>diff -o json</c>.</summary>
internal sealed record Difference
{
    /// <summary>Hash of the release that is compared with.</summary>
    public required string From { get; init; }

    /// <summary>Hash of the release that is compared.</summary>
    public required string To { get; init; }

    /// <summary>Fields of model, engine, resources and pod template; arguments by themselves.</summary>
    public IReadOnlyList<FieldChange> Fields { get; init; } = [];

    /// <summary>Engine arguments, line by line.</summary>
    public IReadOnlyList<TextLine> Arguments { get; init; } = [];

    /// <summary>Sampling parameters and variables of the prompt.</summary>
    public IReadOnlyList<FieldChange> Parameters { get; init; } = [];

    /// <summary>Text of the prompt, line by line.</summary>
    public IReadOnlyList<TextLine> Prompt { get; init; } = [];

    /// <summary>Why the prompt's text cannot be compared; absent where it can.</summary>
    public string? PromptProblem { get; init; }

    [JsonIgnore]
    public bool IsEmpty => Fields.Count == 0 && Arguments.Count == 0 && Parameters.Count == 0 && Prompt.Count == 0 && PromptProblem is null;
}

/// <summary>A field that differs; null where it is not set.</summary>
internal sealed record FieldChange(string Field, string? From, string? To);

/// <summary>A line of a text: <c>-</c> only before, <c>+</c> only after, a space in both.</summary>
internal sealed record TextLine(char Sign, string Text);
