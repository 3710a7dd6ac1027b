using System.Net;
using System.Text.Json;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;

namespace LlmOps.Operator.Web;

/// <summary><c>GET /debug/decisions/NAMESPACE/NAME</c>: the last decision about an LlmDeployment. For a port of the loopback alone; see docs/adr/0013.</summary>
internal sealed class DebugEndpoints(LastDecisions decisions)
{
    private const string Prefix = "/debug/decisions/";

    public Task AnswerAsync(HttpContext context)
    {
        // A page in somebody's browser may send requests to the loopback under a name of its own (DNS rebinding).
        if (!IsLoopback(context.Request.Host.Host))
            return TextAsync(context, StatusCodes.Status403Forbidden, "ask for it as localhost");
        if (!HttpMethods.IsGet(context.Request.Method) || KeyOf(context.Request.Path.Value ?? string.Empty) is not { } key)
            return TextAsync(context, StatusCodes.Status404NotFound, $"not found; there is GET {Prefix}NAMESPACE/NAME");
        if (decisions.Find(key) is not { } last)
        {
            return TextAsync(
                context,
                StatusCodes.Status404NotFound,
                $"no decision about this LlmDeployment is kept: it does not exist, this process does not lead, or {LastDecisions.DefaultCapacity} others were decided since");
        }

        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(last, DebugJson.Default.LastDecision), context.RequestAborted).AsTask();
    }

    private static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static ObjectKey? KeyOf(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && path[Prefix.Length..].Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name] ? new(ns, name) : null;

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
