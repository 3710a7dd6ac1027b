using System.Text.Json;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Routing;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Admin;

/// <summary>
/// The port for the cluster: health, metrics, and the evidence that the operator polls. Not for clients: it names every
/// LlmDeployment, and is closed to them by a NetworkPolicy.
/// </summary>
internal sealed class AdminApi(RouteCache routes, EvidenceLedger ledger, PrometheusExporter exporter)
{
    /// <summary>Set when the gateway stops: it is taken out of its Service while its streams go on.</summary>
    public bool IsDraining { get; set; }

    public Task HandleAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = HttpMethods.Get;
            return context.Response.WriteAsync("only GET");
        }

        switch (context.Request.Path.Value)
        {
            case "/healthz":
                return context.Response.WriteAsync("ok");
            case "/readyz":
                return ReadyAsync(context);
            case "/metrics":
                context.Response.ContentType = PrometheusExporter.ContentType;
                return exporter.WriteAsync(context.Response.BodyWriter, context.RequestAborted);
            case "/internal/evidence":
                context.Response.ContentType = "application/json";
                return JsonSerializer.SerializeAsync(context.Response.BodyWriter, EvidenceDocument.Of(ledger), EvidenceJson.Default.EvidenceDocument, context.RequestAborted);
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return context.Response.WriteAsync("paths: /healthz, /readyz, /metrics, /internal/evidence");
        }
    }

    private Task ReadyAsync(HttpContext context)
    {
        var problem = IsDraining ? "draining" : routes.HasSynced ? null : "routes are not in sync yet";
        if (problem is not null)
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(problem ?? "ok");
    }
}
