using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary><c>metav1.DeleteOptions</c>, from the body or the query.</summary>
internal sealed record DeletionRequest(string? Policy, string? Uid, string? ResourceVersion)
{
    public static DeletionRequest Read(IQueryCollection query, JsonNode? body)
    {
        var policy = (string?)body?["propagationPolicy"] ?? (query["propagationPolicy"].ToString() is { Length: > 0 } text ? text : null);
        if (policy is null && (bool?)body?["orphanDependents"] is { } orphan)
            policy = orphan ? "Orphan" : "Background";
        if (policy is not (null or "Background" or "Foreground" or "Orphan"))
            throw StatusError.BadRequest($"invalid propagationPolicy {policy}");
        var preconditions = body?["preconditions"];
        return new DeletionRequest(policy, (string?)preconditions?["uid"], (string?)preconditions?["resourceVersion"]);
    }

    /// <exception cref="StatusError">409 when the object is not the one that is meant.</exception>
    public void Check(StoredObject target)
    {
        if (Uid is not null && Uid != target.Uid)
            throw StatusError.Conflict(target.Resource, target.Key.Name, $"Precondition failed: UID in precondition: {Uid}, UID in object meta: {target.Uid}");
        var version = target.ResourceVersion.ToString(CultureInfo.InvariantCulture);
        if (ResourceVersion is not null && ResourceVersion != version)
            throw StatusError.Conflict(target.Resource, target.Key.Name, $"Precondition failed: ResourceVersion in precondition: {ResourceVersion}, ResourceVersion in object meta: {version}");
    }
}
