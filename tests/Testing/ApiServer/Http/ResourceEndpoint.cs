using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing.ApiServer.Access;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;
using LlmOps.Testing.ApiServer.Writes;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>An answer that is ready to be sent.</summary>
/// <param name="Write">Set when the request was a write that succeeded.</param>
internal sealed record ApiAnswer(int Code, ReadOnlyMemory<byte> Body, WriteRecord? Write = null);

/// <summary>Everything but watches: turns a request and its body into an answer, in one critical section.</summary>
internal sealed class ResourceEndpoint(ObjectStore store, ResourceRegistry registry, ObjectWriter writer, ObjectLifecycle lifecycle, AccessChecks access, Func<ApiRequest, WriteResult, WriteRecord> log)
{
    public ResourceDefinition Find(ApiRequest request) =>
        registry.TryFind(request.Group, request.Version, request.Plural, out var resource) ? resource : throw StatusError.UnknownPath();

    public ApiAnswer Handle(ApiRequest request, IQueryCollection query, string? contentType, JsonNode? body)
    {
        lock (store.Gate)
        {
            var resource = Find(request);
            CheckSubresource(resource, request);
            var key = new ObjectKey(resource.Namespaced ? request.Namespace : string.Empty, request.Name);
            access.CheckWrite(resource, key, request, body);
            return request.Verb switch
            {
                "get" => Get(resource, key, request.Subresource),
                "list" => new ApiAnswer(200, ListQuery.Answer(store, resource, request.Namespace, query)),
                "create" when request.Name.Length == 0 => Written(request, writer.Create(resource, RequiredNamespace(resource, request), AsObject(body), Options(request, query))),
                "update" => Written(request, Update(resource, key, AsObject(body), request, query)),
                "patch" => Written(request, Patch(resource, key, body, contentType, request, query)),
                "delete" => Delete(resource, key, DeletionRequest.Read(query, body), request, query),
                "deletecollection" => DeleteCollection(resource, request, query, body),
                _ => throw StatusError.MethodNotAllowed(),
            };
        }
    }

    private static void CheckSubresource(ResourceDefinition resource, ApiRequest request)
    {
        var known = request.Subresource switch
        {
            null => true,
            "status" => resource.HasStatus,
            "scale" => resource.Scale is not null,
            _ => false,
        };
        if (!known)
            throw StatusError.UnknownPath();
    }

    private ApiAnswer Get(ResourceDefinition resource, ObjectKey key, string? subresource)
    {
        var found = store.Find(resource, key) ?? throw StatusError.NotFound(resource, key.Name);
        return new ApiAnswer(200, subresource == "scale" ? ScaleSubresource.Of(found).ToUtf8() : found.Utf8);
    }

    private WriteResult Update(ResourceDefinition resource, ObjectKey key, JsonObject body, ApiRequest request, IQueryCollection query)
    {
        if (request.Subresource == "scale")
            return writer.Update(resource, key, ScaleSubresource.Into(Existing(resource, key), body), "scale", Options(request, query));
        return writer.Update(resource, key, body, request.Subresource, Options(request, query));
    }

    private WriteResult Patch(ResourceDefinition resource, ObjectKey key, JsonNode? body, string? contentType, ApiRequest request, IQueryCollection query)
    {
        var options = Options(request, query);
        var type = contentType?.Split(';')[0].Trim();
        if (request.IsApply)
        {
            if (query["fieldManager"].ToString().Length == 0)
                throw new StatusError(422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
            return writer.Apply(resource, key, AsObject(body), request.Subresource, query["force"] == "true", options);
        }

        Func<JsonObject, JsonObject> change = (type, body) switch
        {
            ("application/strategic-merge-patch+json", _) when resource.IsCustom => throw StatusError.UnsupportedMediaType(type!),
            ("application/strategic-merge-patch+json", JsonObject patch) => live => StrategicMergePatch.Merge(live, patch, resource.MergeSchema),
            ("application/merge-patch+json", JsonObject patch) => live => Patches.Merge(live, patch),
            ("application/json-patch+json", JsonArray operations) => live => Patches.Json(live, operations),
            ("application/merge-patch+json" or "application/strategic-merge-patch+json" or "application/json-patch+json", _) => throw StatusError.BadRequest("the patch has the wrong form"),
            _ => throw StatusError.UnsupportedMediaType(type ?? string.Empty),
        };
        if (request.Subresource != "scale")
            return writer.Patch(resource, key, change, request.Subresource, options);
        var current = Existing(resource, key);
        return writer.Patch(resource, key, _ => ScaleSubresource.Into(current, change(ScaleSubresource.Of(current))), "scale", options);
    }

    private ApiAnswer Delete(ResourceDefinition resource, ObjectKey key, DeletionRequest deletion, ApiRequest request, IQueryCollection query)
    {
        var target = Existing(resource, key);
        deletion.Check(target);
        if (IsDryRun(query))
            return new ApiAnswer(200, target.Utf8);
        var before = store.ResourceVersion;
        var (now, gone) = lifecycle.Delete(target, deletion.Policy);
        var record = log(request, new WriteResult(now, Changed: store.ResourceVersion != before, Removed: gone));
        return new ApiAnswer(200, gone ? Deleted(target).ToUtf8() : now.Utf8, record);
    }

    private ApiAnswer DeleteCollection(ResourceDefinition resource, ApiRequest request, IQueryCollection query, JsonNode? body)
    {
        var deletion = DeletionRequest.Read(query, body);
        var selects = Selectors.Parse(query["labelSelector"], query["fieldSelector"]);
        var targets = store.List(resource).Where(o => (request.Namespace.Length == 0 || o.Key.Namespace == request.Namespace) && selects(o)).ToList();
        WriteRecord? record = null;
        foreach (var target in targets)
        {
            if (store.FindByUid(target.Uid) is { } current)
                record = log(request, new WriteResult(lifecycle.Delete(current, deletion.Policy).Object, Changed: true, Removed: true));
        }

        return new ApiAnswer(200, ListQuery.Render(resource, targets, store.ResourceVersion).ToArray(), record);
    }

    private ApiAnswer Written(ApiRequest request, WriteResult result)
    {
        var record = log(request, result);
        var body = request.Subresource == "scale" ? ScaleSubresource.Of(result.Object).ToUtf8() : result.Object.Utf8;
        return new ApiAnswer(result.Created ? 201 : 200, body, record);
    }

    private StoredObject Existing(ResourceDefinition resource, ObjectKey key) =>
        store.Find(resource, key) ?? throw StatusError.NotFound(resource, key.Name);

    private static string? RequiredNamespace(ResourceDefinition resource, ApiRequest request) => (resource.Namespaced, request.Namespace) switch
    {
        (false, _) => null,
        (true, "") => throw StatusError.MethodNotAllowed(),
        var (_, ns) => ns,
    };

    private static WriteOptions Options(ApiRequest request, IQueryCollection query) =>
        new(request.FieldManager, IsDryRun(query), query["fieldValidation"] == "Strict");

    private static bool IsDryRun(IQueryCollection query) => query["dryRun"] == "All";

    private static JsonObject AsObject(JsonNode? body) => body as JsonObject ?? throw StatusError.BadRequest("the body is no object");

    private static JsonObject Deleted(StoredObject target)
    {
        var details = new JsonObject { ["name"] = target.Key.Name, ["kind"] = target.Resource.Plural, ["uid"] = target.Uid };
        if (target.Resource.Group.Length > 0)
            details["group"] = target.Resource.Group;
        return new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details };
    }
}
