using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Autoscaling;

/// <summary>Reads and writes the scale subresource of any kind, found through discovery.</summary>
internal sealed class ScaleTargets(KubernetesClient client)
{
    private readonly ConcurrentDictionary<(string ApiVersion, string Kind), string> plurals = new();

    /// <summary>Null where there is no such object, kind or subresource.</summary>
    public async Task<Scale?> GetAsync(string ns, ScaleTargetReference target, CancellationToken ct)
    {
        if (await PathAsync(ns, target, ct) is not { } path)
            return null;
        using var answer = await client.RawAsync(HttpMethod.Get, path, null, ct);
        return answer.IsSuccessStatusCode
            ? JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(ct), KubernetesJson.Default.Scale)
            : null;
    }

    /// <summary>False when the server refused; the next round tries again.</summary>
    public async Task<bool> SetAsync(string ns, ScaleTargetReference target, int replicas, CancellationToken ct)
    {
        if (await PathAsync(ns, target, ct) is not { } path)
            return false;
        var patch = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        using var body = new StringContent(patch.ToJsonString(), Encoding.UTF8, "application/merge-patch+json");
        using var answer = await client.RawAsync(HttpMethod.Patch, path, body, ct);
        return answer.IsSuccessStatusCode;
    }

    private async Task<string?> PathAsync(string ns, ScaleTargetReference target, CancellationToken ct)
    {
        var root = target.ApiVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{target.ApiVersion}" : $"/api/{target.ApiVersion}";
        if (!plurals.TryGetValue((target.ApiVersion, target.Kind), out var plural))
        {
            using var answer = await client.RawAsync(HttpMethod.Get, root, null, ct);
            if (!answer.IsSuccessStatusCode)
                return null;
            var resources = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))?["resources"]?.AsArray() ?? [];
            plural = resources.Where(resource => resource?["kind"]?.GetValue<string>() == target.Kind)
                .Select(resource => resource!["name"]!.GetValue<string>())
                .FirstOrDefault(name => !name.Contains('/', StringComparison.Ordinal));
            if (plural is null)
                return null;
            plurals[(target.ApiVersion, target.Kind)] = plural;
        }

        return $"{root}/namespaces/{ns}/{plural}/{target.Name}/scale";
    }
}
