using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>Turns wire requests into <see cref="GenerationRequest"/>s. Pure.</summary>
internal static class RequestReader
{
    /// <summary>Null with an <paramref name="error"/> for the client when the request cannot be run.</summary>
    public static GenerationRequest? Chat(CompletionRequest wire, out string? error)
    {
        if (!Common(wire, out error))
            return null;
        if (wire.Messages is not { Count: > 0 } messages)
        {
            error = "[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required'}]";
            return null;
        }

        var system = "";
        var user = "";
        var tokens = 0;
        foreach (var message in messages)
        {
            var content = Content(message.Content);
            tokens += WordPieces.Count(content);
            if (message.Role is "system" or "developer")
                system = system.Length == 0 ? content : $"{system}\n{content}";
            else if (message.Role is "user")
                user = content;
        }

        return new GenerationRequest
        {
            SystemText = system,
            UserText = user,
            PromptTokens = tokens,
            MaxTokens = wire.MaxCompletionTokens ?? wire.MaxTokens,
            Stop = Texts(wire.Stop),
        };
    }

    /// <inheritdoc cref="Chat"/>
    public static GenerationRequest? Completion(CompletionRequest wire, out string? error)
    {
        if (!Common(wire, out error))
            return null;
        if (Texts(wire.Prompt) is not [var prompt])
        {
            error = "[{'type': 'missing', 'loc': ('body', 'prompt'), 'msg': 'Field required'}]";
            return null;
        }

        // vLLM's default for plain completions is 16 tokens, as OpenAI's.
        return new GenerationRequest
        {
            UserText = prompt,
            PromptTokens = WordPieces.Count(prompt),
            MaxTokens = wire.MaxTokens ?? 16,
            Stop = Texts(wire.Stop),
        };
    }

    /// <inheritdoc cref="Chat"/>
    public static GenerationRequest? Generate(TgiRequest wire, out string? error)
    {
        error = wire.Inputs is null or "" ? "Input validation error: `inputs` cannot be empty" : null;
        if (error is not null)
            return null;
        return new GenerationRequest
        {
            UserText = wire.Inputs!,
            PromptTokens = WordPieces.Count(wire.Inputs),
            MaxTokens = wire.Parameters?.MaxNewTokens ?? 100,
            Stop = wire.Parameters?.Stop ?? [],
        };
    }

    private static bool Common(CompletionRequest wire, [NotNullWhen(false)] out string? error)
    {
        error = (wire.MaxCompletionTokens ?? wire.MaxTokens) < 1 ? "max_tokens must be at least 1, got " + (wire.MaxCompletionTokens ?? wire.MaxTokens)
            : wire.N is not (null or 1) ? "The emulator supports n = 1 only."
            : wire.StreamOptions is not null && wire.Stream != true ? "Stream options can only be defined when `stream=True`."
            : null;
        return error is null;
    }

    private static string Content(JsonElement? content)
    {
        if (content is not { } value)
            return "";
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString()!;
        if (value.ValueKind != JsonValueKind.Array)
            return "";
        return string.Join('\n', value.EnumerateArray()
            .Where(part => part.ValueKind == JsonValueKind.Object
                && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
            .Select(part => part.GetProperty("text").GetString()));
    }

    private static string[] Texts(JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.String } text => [text.GetString()!],
        { ValueKind: JsonValueKind.Array } list =>
            [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)],
        _ => [],
    };
}
