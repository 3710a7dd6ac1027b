using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>Writes a status as the built-in controllers do: only when it differs, and without touching anything else.</summary>
internal static class StatusPatch
{
    /// <summary>Merge-patches the status subresource from <paramref name="before"/> to <paramref name="after"/>. No request when they are equal.</summary>
    public static async Task WriteStatusAsync<T>(this KubernetesClient client, T before, T after, CancellationToken ct)
        where T : class, IResource<T>
    {
        var (was, now) = (Status(before), Status(after));
        if (JsonNode.DeepEquals(was, now))
            return;
        foreach (var name in was.Select(property => property.Key).Where(name => !now.ContainsKey(name)).ToList())
            now[name] = null;
        await client.MergePatchAsync<T>(before.Key(), new JsonObject { ["status"] = now }, "status", ct: ct);
    }

    private static JsonObject Status<T>(T obj)
        where T : class, IResource<T>
    {
        var whole = JsonSerializer.SerializeToNode(obj, T.JsonType)!.AsObject();
        var status = whole["status"] as JsonObject ?? [];
        whole.Remove("status");
        return status;
    }
}
