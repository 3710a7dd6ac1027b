using System.Text.Json;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary><c>/v1/chat/completions</c> and <c>/v1/completions</c> of both engines.</summary>
internal sealed class OpenAiEndpoints(EmulatorOptions options, EngineCore core, GenerationResponder responder, EngineErrors errors)
{
    private readonly IReadOnlyList<string> _servedNames = ServedNames(options);

    public static IReadOnlyList<string> ServedNames(EmulatorOptions options) =>
        options.ServedNames.Count > 0 ? options.ServedNames : [options.Profile.ModelId];

    public Task ChatAsync(HttpContext context) => CompleteAsync(context, chat: true);

    public Task CompletionAsync(HttpContext context) => CompleteAsync(context, chat: false);

    private async Task CompleteAsync(HttpContext context, bool chat)
    {
        CompletionRequest? wire;
        try
        {
            wire = await JsonSerializer.DeserializeAsync(context.Request.Body, WireJson.Default.CompletionRequest, context.RequestAborted);
        }
        catch (JsonException e)
        {
            core.Metrics.Rejected("validation");
            await errors.InvalidAsync(context, $"[{{'type': 'json_invalid', 'loc': ('body',), 'msg': 'JSON decode error', 'ctx': {{'error': '{e.Message}'}}}}]");
            return;
        }

        // TGI answers whatever model it is asked for; vLLM only the names it serves.
        var model = wire?.Model is { Length: > 0 } asked ? asked : _servedNames[0];
        if (options.Engine == EngineKind.Vllm && !_servedNames.Contains(model))
        {
            await EngineErrors.NotFoundModelAsync(context, model);
            return;
        }

        string? error = "Request body is empty";
        var request = wire is null ? null : chat ? RequestReader.Chat(wire, out error) : RequestReader.Completion(wire, out error);
        error ??= ContextOverflow(request!, options.MaxModelLen);
        if (error is not null)
        {
            core.Metrics.Rejected("validation");
            await errors.InvalidAsync(context, error);
            return;
        }

        await responder.RespondAsync(context, request!, plan => Shape(plan, wire!, chat, model), wire!.Stream == true);
    }

    private static string? ContextOverflow(GenerationRequest request, int maxModelLen)
    {
        var asked = request.PromptTokens + (request.MaxTokens ?? 1);
        return asked <= maxModelLen
            ? null
            : $"This model's maximum context length is {maxModelLen} tokens. However, you requested {asked} tokens ({request.PromptTokens} in the messages, {request.MaxTokens ?? 1} in the completion). Please reduce the length of the messages or completion.";
    }

    private OpenAiShape Shape(GenerationPlan plan, CompletionRequest wire, bool chat, string model) => new(
        options.Engine,
        chat,
        $"{plan.Seed:x16}{(ulong)plan.Number:x16}",
        options.Engine == EngineKind.Tgi ? options.Profile.ModelId : model,
        core.Time.GetUtcNow().ToUnixTimeSeconds(),
        wire.StreamOptions?.IncludeUsage == true);
}
