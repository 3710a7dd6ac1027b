using System.Net;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;

namespace LlmOps.Operator.Web;

/// <summary>
/// <c>GET /debug/decisions/NAMESPACE/NAME</c>: the last decision about an LlmDeployment; <c>GET /debug/decisions/KIND/NAMESPACE/NAME</c>: how the last look at another
/// object ended. For a port of the loopback alone; see docs/adr/0013.
/// </summary>
internal sealed class DebugEndpoints(LastDecisions decisions, LastOutcomes outcomes)
{
    private const string Prefix = "/debug/decisions/";

    public Task AnswerAsync(HttpContext context)
    {
        // A page in somebody's browser may send requests to the loopback under a name of its own (DNS rebinding).
        if (!IsLoopback(context.Request.Host.Host))
            return TextAsync(context, StatusCodes.Status403Forbidden, "ask for it as localhost");
        if (!HttpMethods.IsGet(context.Request.Method) || Asked(context.Request.Path.Value ?? string.Empty) is not var (kind, key))
            return TextAsync(context, StatusCodes.Status404NotFound, $"not found; there is GET {Prefix}NAMESPACE/NAME of an LlmDeployment, and {Prefix}KIND/NAMESPACE/NAME");
        var json = kind.Equals(LlmDeployment.ResourceKind.Kind, StringComparison.OrdinalIgnoreCase)
            ? decisions.Find(key) is { } decision ? JsonSerializer.SerializeToUtf8Bytes(decision, DebugJson.Default.LastDecision) : null
            : outcomes.Find(kind, key) is { } outcome ? JsonSerializer.SerializeToUtf8Bytes(outcome, DebugJson.Default.LastOutcome) : null;
        if (json is null)
        {
            return TextAsync(
                context,
                StatusCodes.Status404NotFound,
                $"no decision about this object is kept: it does not exist, this process does not lead, or {LastDecisions.DefaultCapacity} others were decided since");
        }

        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }

    private static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static (string Kind, ObjectKey Key)? Asked(string path) => !path.StartsWith(Prefix, StringComparison.Ordinal) ? null : path[Prefix.Length..].Split('/') switch
    {
        [{ Length: > 0 } ns, { Length: > 0 } name] => (LlmDeployment.ResourceKind.Kind, new(ns, name)),
        [{ Length: > 0 } kind, { Length: > 0 } ns, { Length: > 0 } name] => (kind, new(ns, name)),
        _ => null,
    };

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
