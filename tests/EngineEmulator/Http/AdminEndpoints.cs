using System.Text.Json;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>What no real engine has: a way to change its behaviour while it runs, and to see what it did.</summary>
internal sealed class AdminEndpoints(EngineCore core, Func<EmulatorStats> stats)
{
    public Task GetBehaviourAsync(HttpContext context) =>
        SendAsync(context, JsonSerializer.SerializeToUtf8Bytes(core.Behaviour.Current, CatalogJson.Default.BehaviourSettings));

    /// <summary>Merges the given fields into the settings and answers with all of them.</summary>
    public async Task PostBehaviourAsync(HttpContext context)
    {
        BehaviourPatch? patch = null;
        string? problem;
        try
        {
            patch = await JsonSerializer.DeserializeAsync(context.Request.Body, CatalogJson.Default.BehaviourPatch, context.RequestAborted);
            problem = patch is null ? "a JSON object is needed" : patch.Problem;
        }
        catch (JsonException e)
        {
            problem = e.Message;
        }

        if (problem is not null)
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync(problem, context.RequestAborted);
            return;
        }

        core.Behaviour.Update(patch!.ApplyTo);
        await GetBehaviourAsync(context);
    }

    public Task StatsAsync(HttpContext context) =>
        SendAsync(context, JsonSerializer.SerializeToUtf8Bytes(stats(), CatalogJson.Default.EmulatorStats));

    private static async Task SendAsync(HttpContext context, byte[] body)
    {
        context.Response.ContentType = "application/json";
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }
}
