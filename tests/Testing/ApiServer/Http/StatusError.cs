using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Resources;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>A refusal, on its way to becoming a <c>metav1.Status</c> answer.</summary>
internal sealed class StatusError(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    public TimeSpan? RetryAfter { get; init; }

    public JsonObject ToJson()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
            ["code"] = Code,
        };
        if (Reason.Length > 0)
            status["reason"] = Reason;
        var shown = details?.DeepClone().AsObject();
        if (RetryAfter is { } wait)
            (shown ??= [])["retryAfterSeconds"] = (int)Math.Ceiling(wait.TotalSeconds);
        if (shown is not null)
            status["details"] = shown;
        return status;
    }

    public static StatusError NotFound(ResourceDefinition resource, string name) =>
        new(404, "NotFound", $"{resource.GroupResource} \"{name}\" not found", Details(resource, name));

    public static StatusError UnknownPath() => new(404, "NotFound", "the server could not find the requested resource");

    public static StatusError MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

    public static StatusError AlreadyExists(ResourceDefinition resource, string name) =>
        new(409, "AlreadyExists", $"{resource.GroupResource} \"{name}\" already exists", Details(resource, name));

    public static StatusError Conflict(ResourceDefinition resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource.GroupResource} \"{name}\": {why}", Details(resource, name));

    public static StatusError Modified(ResourceDefinition resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static StatusError ApplyConflict(string message, IReadOnlyList<FieldCause> causes) =>
        new(409, "Conflict", message, new JsonObject { ["causes"] = Causes(causes) });

    public static StatusError BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusError UnsupportedMediaType(string contentType) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format: {contentType}");

    public static StatusError Forbidden(ResourceDefinition resource, string name, string why, FieldCause? cause = null)
    {
        var details = Details(resource, name);
        if (cause is not null)
            details["causes"] = Causes([cause]);
        return new(403, "Forbidden", $"{resource.GroupResource} \"{name}\" is forbidden: {why}", details);
    }

    public static StatusError Expired(string message) => new(410, "Expired", message);

    public static StatusError Invalid(ResourceDefinition resource, string name, IReadOnlyList<FieldCause> causes)
    {
        var details = Details(resource, name);
        details["kind"] = resource.Kind;
        details["causes"] = Causes(causes);
        var texts = causes.Select(static c => $"{c.Field}: {c.Message}").ToList();
        var list = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        var kind = resource.Group.Length == 0 ? resource.Kind : $"{resource.Kind}.{resource.Group}";
        return new(422, "Invalid", $"{kind} \"{name}\" is invalid: {list}", details);
    }

    private static JsonObject Details(ResourceDefinition resource, string name)
    {
        var details = new JsonObject { ["name"] = name };
        if (resource.Group.Length > 0)
            details["group"] = resource.Group;
        details["kind"] = resource.Plural;
        return details;
    }

    private static JsonArray Causes(IEnumerable<FieldCause> causes) =>
        new([.. causes.Select(static c => new JsonObject { ["reason"] = c.Reason, ["message"] = c.Message, ["field"] = c.Field })]);
}
