using System.Net;
using Microsoft.AspNetCore.Builder;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>Builds the web application of one emulated engine: its routes and what surrounds them.</summary>
internal static class EngineApplication
{
    /// <summary>Handlers that vLLM's instrumentator does not count.</summary>
    private static readonly string[] Uncounted = ["/metrics", "/health", "/ping", "/version"];

    private static readonly string[] Guarded = ["/v1", "/generate", "/generate_stream"];

    /// <summary>For connections that still send their request when all answers have ended.</summary>
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(5);

    public static WebApplication Build(EmulatorOptions options, EngineCore core, Func<EmulatorStats> stats)
    {
        // Empty: no configuration files to watch and no console logger; tests run many emulators in one process.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + LeaveTime);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Parse(options.Host), options.Port);
        });
        var application = builder.Build();
        application.Use((context, next) => MeasuredAsync(context, next, core));
        application.Use((context, next) => IsAuthorized(context.Request, core.Behaviour.Current.ApiKey ?? options.ApiKey) ? next(context) : EngineErrors.UnauthorizedAsync(context));
        Map(application, options, core, stats);
        return application;
    }

    private static void Map(WebApplication application, EmulatorOptions options, EngineCore core, Func<EmulatorStats> stats)
    {
        var errors = new EngineErrors(options.Engine);
        var responder = new GenerationResponder(core, errors);
        var openAi = new OpenAiEndpoints(options, core, responder, errors);
        var admin = new AdminEndpoints(core, stats);
        application.MapGet("/metrics", (RequestDelegate)(context => MetricsAsync(context, core)));
        application.MapGet("/admin/behaviour", (RequestDelegate)admin.GetBehaviourAsync);
        application.MapPost("/admin/behaviour", (RequestDelegate)admin.PostBehaviourAsync);
        application.MapGet("/admin/stats", (RequestDelegate)admin.StatsAsync);
        if (options.Engine == EngineKind.Tgi)
        {
            var tgi = new TgiEndpoints(options, core, responder, errors);
            application.MapGet("/health", (RequestDelegate)tgi.HealthAsync);
            application.MapGet("/info", (RequestDelegate)tgi.InfoAsync);
            application.MapPost("/generate", (RequestDelegate)(context => tgi.LimitedAsync(context, tgi.GenerateAsync)));
            application.MapPost("/generate_stream", (RequestDelegate)(context => tgi.LimitedAsync(context, tgi.GenerateStreamAsync)));
            application.MapPost("/v1/chat/completions", (RequestDelegate)(context => tgi.LimitedAsync(context, openAi.ChatAsync)));
            application.MapPost("/v1/completions", (RequestDelegate)(context => tgi.LimitedAsync(context, openAi.CompletionAsync)));
            return;
        }

        var vllm = new VllmEndpoints(options, core);
        application.MapGet("/health", (RequestDelegate)vllm.HealthAsync);
        application.MapMethods("/ping", ["GET", "POST"], (RequestDelegate)vllm.HealthAsync);
        application.MapGet("/version", (RequestDelegate)VllmEndpoints.VersionAsync);
        application.MapGet("/v1/models", (RequestDelegate)vllm.ModelsAsync);
        application.MapPost("/v1/chat/completions", (RequestDelegate)openAi.ChatAsync);
        application.MapPost("/v1/completions", (RequestDelegate)openAi.CompletionAsync);
    }

    private static async Task MetricsAsync(HttpContext context, EngineCore core)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(core.Metrics.Write(core.Slots.Running, core.Slots.Waiting), context.RequestAborted);
    }

    private static async Task MeasuredAsync(HttpContext context, RequestDelegate next, EngineCore core)
    {
        var started = core.Time.GetTimestamp();
        await next(context);
        var handler = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
        if (Uncounted.Contains(handler) || handler.StartsWith("/admin/", StringComparison.Ordinal))
            return;

        // A connection that was cut before any byte has no status, and the real middleware never sees it.
        if (context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
            return;
        core.Metrics.Responded(handler, context.Request.Method, context.Response.StatusCode, core.Time.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>vLLM guards <c>/v1</c> only, TGI what generates: health and metrics stay open.</summary>
    private static bool IsAuthorized(HttpRequest request, string? key) =>
        key is null || !Guarded.Any(path => request.Path.StartsWithSegments(path, StringComparison.Ordinal)) || request.Headers.Authorization == $"Bearer {key}";

    /// <summary>Signals are the program's business: several emulators live in one test process.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
