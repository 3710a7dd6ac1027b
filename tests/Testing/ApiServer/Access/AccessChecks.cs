using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Access;

/// <summary>What each request needs.</summary>
internal sealed class AccessChecks(AccessControl access, ObjectStore store, ResourceRegistry registry)
{
    /// <summary>The request itself.</summary>
    /// <exception cref="StatusError">403.</exception>
    public void Check(ApiRequest request) => Require(
        request, new(request.Group, request.Subresource is null ? request.Plural : $"{request.Plural}/{request.Subresource}", request.Verb, OrNull(request.Namespace), OrNull(request.Name)));

    /// <summary>What its body needs beside it. Called under the store's gate.</summary>
    /// <exception cref="StatusError">403.</exception>
    public void CheckWrite(ResourceDefinition resource, ObjectKey key, ApiRequest request, JsonNode? body)
    {
        var live = key.Name.Length == 0 ? null : store.Find(resource, key);
        // https://kubernetes.io/docs/reference/using-api/server-side-apply/: patch alone does not create. A subresource of what is not there is a 404.
        if (request.IsApply && live is null && request.Subresource is null)
            Require(request, new(request.Group, request.Plural, "create", OrNull(request.Namespace), request.Name));
        if (body is not JsonObject obj || request.Verb is not ("create" or "update" or "patch"))
            return;
        CheckOwners(request, obj, live);
        if (resource is { Group: "rbac.authorization.k8s.io", Plural: "roles" })
            CheckGrant(request, AccessRule.Of(obj, request.Namespace));
        if (resource is { Group: "rbac.authorization.k8s.io", Plural: "rolebindings" } && store.Find(RoleResource(), new(request.Namespace, (string?)obj["roleRef"]?["name"] ?? string.Empty)) is { } role)
            CheckGrant(request, AccessRule.Of(role.Json, request.Namespace));
    }

    /// <summary>https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#ownerreferencespermissionenforcement</summary>
    private void CheckOwners(ApiRequest request, JsonObject obj, StoredObject? live)
    {
        var before = Blocking(live?.Json).Select(Uid).ToHashSet();
        foreach (var owner in Blocking(obj).Where(owner => !before.Contains(Uid(owner))))
        {
            if (registry.FindByKind((string)owner["apiVersion"]!, (string)owner["kind"]!) is { } kind)
                Require(request, new(kind.Group, $"{kind.Plural}/finalizers", "update", OrNull(request.Namespace), (string?)owner["name"]));
        }
    }

    /// <summary>https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping</summary>
    private void CheckGrant(ApiRequest request, IEnumerable<AccessRule> granted)
    {
        foreach (var rule in granted)
            Require(request, rule);
    }

    private void Require(ApiRequest request, AccessRule needed)
    {
        if (access.Check(request, needed) is { } why)
            throw new StatusError(403, "Forbidden", $"{request.GroupResource} \"{request.Name}\" is forbidden: User \"{request.UserAgent}\" {why}");
    }

    private ResourceDefinition RoleResource() => registry.FindByGroupResource("roles.rbac.authorization.k8s.io")!;

    private static IEnumerable<JsonObject> Blocking(JsonObject? obj) =>
        (obj?["metadata"]?["ownerReferences"] as JsonArray ?? []).OfType<JsonObject>().Where(owner => (bool?)owner["blockOwnerDeletion"] == true);

    private static string? Uid(JsonObject owner) => (string?)owner["uid"];

    private static string? OrNull(string text) => text.Length == 0 ? null : text;
}
