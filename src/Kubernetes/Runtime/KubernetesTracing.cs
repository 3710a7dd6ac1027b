using System.Diagnostics;
using System.Net.Http.Headers;

namespace LlmOps.Kubernetes;

/// <summary>
/// Spans: one for each reconciliation, and below it one for each of its requests to the API server. Requests of informers and leader election are not traced:
/// they belong to no reconciliation. The API server is told of the spans of its requests. Without a listener no span is made.
/// </summary>
public static class KubernetesTracing
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "LlmOps.Kubernetes";

    private static readonly ActivitySource Source = new(SourceName);

    internal static Activity? StartReconcile(string controller, object key, string reconcileId)
    {
        if (Source.StartActivity($"reconcile {controller}") is not { } span)
            return null;
        span.SetTag("controller", controller).SetTag("reconcile.id", reconcileId);
        return key is ObjectKey named
            ? span.SetTag("k8s.namespace.name", named.Namespace).SetTag("k8s.object.name", named.Name)
            : span.SetTag("key", key.ToString());
    }

    /// <param name="outcome">As in the metric <c>controller_runtime_reconcile_total</c>.</param>
    internal static void EndReconcile(Activity? span, string outcome, TimeSpan? requeueAfter, Exception? failure)
    {
        span?.SetTag("reconcile.outcome", outcome);
        if (requeueAfter is { } delay)
            span?.SetTag("reconcile.requeue_after_seconds", delay.TotalSeconds);
        if (failure is not null)
            Fail(span, failure.GetType().FullName, failure.Message);
    }

    /// <summary>Null outside of a reconciliation; also in work that one began and did not wait for.</summary>
    /// <param name="pathAndQuery">The query is left out.</param>
    internal static Activity? StartRequest(HttpMethod method, string pathAndQuery, string verb)
    {
        if (Activity.Current is not { IsStopped: false } parent || parent.Source != Source)
            return null;
        var query = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return Source.StartActivity($"kubernetes {verb}", ActivityKind.Client)?
            .SetTag("http.request.method", method.Method)
            .SetTag("url.path", query < 0 ? pathAndQuery : pathAndQuery[..query]);
    }

    /// <summary>Tells the server whose child its own spans are (https://www.w3.org/TR/trace-context/); nothing where the request is not traced.</summary>
    internal static void Propagate(Activity? span, HttpRequestHeaders headers)
    {
        if (span is not { IdFormat: ActivityIdFormat.W3C, Id: { } id })
            return;
        headers.TryAddWithoutValidation("traceparent", id);
        if (span.TraceStateString is { } state)
            headers.TryAddWithoutValidation("tracestate", state);
    }

    internal static void EndRequest(Activity? span, int status)
    {
        span?.SetTag("http.response.status_code", status);
        if (status >= 400)
            Fail(span, null, null);
    }

    /// <param name="type">Class of the failure, where it is not the status of an answer.</param>
    internal static void Fail(Activity? span, string? type, string? message)
    {
        if (type is not null)
            span?.SetTag("error.type", type);
        span?.SetStatus(ActivityStatusCode.Error, message);
    }
}
