using System.Globalization;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>vLLM's endpoints beside the completions.</summary>
internal sealed class VllmEndpoints(EmulatorOptions options, EngineCore core)
{
    private const string Version = "0.18.1";

    /// <summary>200 with an empty body while the engine process lives, which says nothing about its GPU; 503 when it is dead.</summary>
    public Task HealthAsync(HttpContext context)
    {
        context.Response.StatusCode = core.Behaviour.Current.EngineDead ? 503 : 200;
        return Task.CompletedTask;
    }

    public static Task VersionAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($"{{\"version\":\"{Version}\"}}", context.RequestAborted);
    }

    public Task ModelsAsync(HttpContext context)
    {
        var created = core.Ledger.StartedAt.ToUnixTimeSeconds();
        var root = JsonText.Quoted(options.Profile.ModelId);
        var models = OpenAiEndpoints.ServedNames(options).Select(name => string.Create(CultureInfo.InvariantCulture,
            $"{{\"id\":{JsonText.Quoted(name)},\"object\":\"model\",\"created\":{created},\"owned_by\":\"vllm\",\"root\":{root},\"parent\":null,\"max_model_len\":{options.MaxModelLen},\"permission\":[]}}"));
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($"{{\"object\":\"list\",\"data\":[{string.Join(',', models)}]}}", context.RequestAborted);
    }
}
