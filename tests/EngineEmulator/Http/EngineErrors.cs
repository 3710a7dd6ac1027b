namespace LlmOps.EngineEmulator.Http;

/// <summary>Error bodies, in the words of each engine.</summary>
internal sealed class EngineErrors(EngineKind engine)
{
    public static Task NotFoundModelAsync(HttpContext context, string model) =>
        VllmAsync(context, 404, $"The model `{model}` does not exist.", "NotFoundError", "model");

    /// <summary>vLLM: 400; TGI: 422 with <c>error_type: validation</c>.</summary>
    public Task InvalidAsync(HttpContext context, string message, string? param = null) => engine == EngineKind.Tgi
        ? TgiAsync(context, 422, message, "validation")
        : VllmAsync(context, 400, message, "BadRequestError", param);

    public Task InternalAsync(HttpContext context) => engine == EngineKind.Tgi
        ? TgiAsync(context, 500, "Request failed during generation: Server error: unexpected", "generation")
        : VllmAsync(context, 500, "EngineCore encountered an issue. See stack trace (above) for the root cause.", "InternalServerError", null);

    public static Task OverloadedAsync(HttpContext context) => TgiAsync(context, 429, "Model is overloaded", "overloaded");

    public static Task UnhealthyAsync(HttpContext context) => TgiAsync(context, 503, "unhealthy", "healthcheck");

    public static Task UnauthorizedAsync(HttpContext context) => SendAsync(context, 401, "{\"error\":\"Unauthorized\"}");

    private static Task VllmAsync(HttpContext context, int status, string message, string type, string? param) => SendAsync(context, status,
        $"{{\"error\":{{\"message\":{JsonText.Quoted(message)},\"type\":\"{type}\",\"param\":{(param is null ? "null" : JsonText.Quoted(param))},\"code\":{status}}}}}");

    private static Task TgiAsync(HttpContext context, int status, string message, string type) => SendAsync(context, status,
        $"{{\"error\":{JsonText.Quoted(message)},\"error_type\":\"{type}\"}}");

    private static Task SendAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
