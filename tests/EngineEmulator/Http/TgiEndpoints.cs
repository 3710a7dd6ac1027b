using System.Globalization;
using System.Text.Json;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>TGI's own endpoints, and its refusal of too many requests.</summary>
internal sealed class TgiEndpoints(EmulatorOptions options, EngineCore core, GenerationResponder responder, EngineErrors errors)
{
    private int _inHouse;

    /// <summary>503 when the queue is full or the engine is dead: a liveness probe on it kills busy pods (TGI#3241).</summary>
    public Task HealthAsync(HttpContext context) =>
        core.Behaviour.Current.EngineDead || Volatile.Read(ref _inHouse) >= options.MaxConcurrentRequests
            ? EngineErrors.UnhealthyAsync(context)
            : Task.CompletedTask;

    public Task InfoAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        var sha = options.Revision ?? options.Profile.Revision;
        return context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture,
            $"{{\"model_id\":{JsonText.Quoted(options.Profile.ModelId)},\"model_sha\":{(sha is null ? "null" : JsonText.Quoted(sha))},\"model_pipeline_tag\":\"text-generation\",\"max_concurrent_requests\":{options.MaxConcurrentRequests},\"max_best_of\":2,\"max_stop_sequences\":4,\"max_input_tokens\":{options.MaxModelLen - 1},\"max_total_tokens\":{options.MaxModelLen},\"validation_workers\":2,\"max_client_batch_size\":4,\"router\":\"text-generation-router\",\"version\":\"3.3.6\",\"sha\":null,\"docker_label\":null}}"),
            context.RequestAborted);
    }

    public Task GenerateAsync(HttpContext context) => GenerateAsync(context, stream: false);

    public Task GenerateStreamAsync(HttpContext context) => GenerateAsync(context, stream: true);

    /// <summary>Runs <paramref name="generate"/> when fewer than <see cref="EmulatorOptions.MaxConcurrentRequests"/> are in the house, else 429.</summary>
    public async Task LimitedAsync(HttpContext context, RequestDelegate generate)
    {
        try
        {
            if (Interlocked.Increment(ref _inHouse) > options.MaxConcurrentRequests)
            {
                core.Metrics.Rejected("overloaded");
                core.Ledger.Ended("rejected");
                await EngineErrors.OverloadedAsync(context);
                return;
            }

            await generate(context);
        }
        finally
        {
            Interlocked.Decrement(ref _inHouse);
        }
    }

    private async Task GenerateAsync(HttpContext context, bool stream)
    {
        string? error;
        TgiRequest? wire = null;
        try
        {
            wire = await JsonSerializer.DeserializeAsync(context.Request.Body, WireJson.Default.TgiRequest, context.RequestAborted);
            error = wire is null ? "Input validation error: `inputs` cannot be empty" : null;
        }
        catch (JsonException e)
        {
            error = $"Failed to deserialize the JSON body into the target type: {e.Message}";
        }

        var request = error is null ? RequestReader.Generate(wire!, out error) : null;
        if (error is null && request!.PromptTokens + request.MaxTokens > options.MaxModelLen)
            error = $"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {options.MaxModelLen}. Given: {request.PromptTokens} `inputs` tokens and {request.MaxTokens} `max_new_tokens`";
        if (error is not null)
        {
            core.Metrics.Rejected("validation");
            await errors.InvalidAsync(context, error);
            return;
        }

        await responder.RespondAsync(context, request!, _ => new TgiGenerateShape(wire!.Parameters?.Details == true), stream);
    }
}
