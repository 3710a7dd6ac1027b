using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.EngineEmulator.Http;

/// <summary>The part of OpenAI's chat and completion requests that changes what the emulator does; the rest is ignored.</summary>
internal sealed record CompletionRequest
{
    public string? Model { get; init; }

    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>A text, or a list with one text; plain completions only.</summary>
    public JsonElement? Prompt { get; init; }

    public bool? Stream { get; init; }

    public StreamOptions? StreamOptions { get; init; }

    public int? MaxTokens { get; init; }

    public int? MaxCompletionTokens { get; init; }

    /// <summary>A text or a list of texts.</summary>
    public JsonElement? Stop { get; init; }

    public int? N { get; init; }
}

internal sealed record ChatMessage
{
    public string? Role { get; init; }

    /// <summary>A text, or a list of parts of which those with a <c>text</c> count.</summary>
    public JsonElement? Content { get; init; }
}

internal sealed record StreamOptions
{
    public bool? IncludeUsage { get; init; }
}

internal sealed record TgiRequest
{
    public string? Inputs { get; init; }

    public TgiParameters? Parameters { get; init; }
}

internal sealed record TgiParameters
{
    public int? MaxNewTokens { get; init; }

    public IReadOnlyList<string>? Stop { get; init; }

    public bool? Details { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(TgiRequest))]
internal sealed partial class WireJson : JsonSerializerContext;
