using Microsoft.AspNetCore.Http;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>Reads the API's URLs. See https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris</summary>
internal static class RequestPath
{
    /// <summary>Null for anything that is not a request for resources (discovery, health, version).</summary>
    public static ApiRequest? Parse(HttpRequest request, int index)
    {
        var segments = request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        (string Group, string Version, string[] Tail)? api = segments switch
        {
            ["api", var version, .. var rest] => (string.Empty, version, rest),
            ["apis", var group, var version, .. var rest] => (group, version, rest),
            _ => null,
        };
        if (api is not { Tail.Length: > 0 } found)
            return null;

        var (ns, resource) = found.Tail switch
        {
            // namespaces/x alone, and its subresources, are the object itself.
            ["namespaces", _] or ["namespaces", _, "status" or "finalize"] => (string.Empty, found.Tail),
            ["namespaces", var name, .. var inside] => (name, inside),
            var rest => (string.Empty, rest),
        };
        if (resource.Length is 0 or > 3)
            return null;
        var named = resource.Length > 1;
        var userAgent = request.Headers.UserAgent.ToString();
        return new ApiRequest
        {
            Verb = Verb(request, named),
            Group = found.Group,
            Version = found.Version,
            Plural = resource[0],
            Namespace = ns,
            Name = named ? Uri.UnescapeDataString(resource[1]) : string.Empty,
            Subresource = resource.Length > 2 ? resource[2] : null,
            IsApply = request.Method == HttpMethods.Patch && request.ContentType?.StartsWith("application/apply-patch", StringComparison.Ordinal) == true,
            IsStreamedList = request.Query["sendInitialEvents"] == "true",
            Selectors = (request.Query["labelSelector"].ToString(), request.Query["fieldSelector"].ToString()),
            UserAgent = userAgent,
            FieldManager = request.Query["fieldManager"].ToString() is { Length: > 0 } manager ? manager : userAgent.Split('/')[0] is { Length: > 0 } agent ? agent : "unknown",
            Index = index,
        };
    }

    private static string Verb(HttpRequest request, bool named) => request.Method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => named ? "delete" : "deletecollection",
        "GET" when request.Query["watch"].ToString() is "true" or "1" => "watch",
        "GET" => named ? "get" : "list",
        var other => other,
    };
}
