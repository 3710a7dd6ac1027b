namespace LlmOps.EngineEmulator.Generation;

/// <summary>What a generation depends on, whichever endpoint it came from.</summary>
internal sealed record GenerationRequest
{
    /// <summary>All system messages, one after the other; empty: none.</summary>
    public string SystemText { get; init; } = "";

    /// <summary>The last user message, or the prompt of a plain completion.</summary>
    public required string UserText { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>Null: up to the end of the context.</summary>
    public int? MaxTokens { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];
}
