using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Who last wrote the spec of an LlmDeployment, by its <c>managedFields</c>: Kubernetes keeps no user's name, but that of the program that wrote, and a person
/// may give theirs with <c>kubectl apply --field-manager</c>. Asked for once per rollout, since the caches leave managed fields out.
/// </summary>
internal sealed class SpecAuthor(KubernetesClient client, TimeProvider time)
{
    private const int LongestName = 256;

    /// <summary>It is for the audit alone: nothing waits long for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Such as <c>argocd-controller (Apply)</c>; null where it cannot be known now.</summary>
    public async Task<string?> ReadAsync(ObjectKey key, CancellationToken ct)
    {
        var kind = LlmDeployment.ResourceKind;
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            using var response = await client.RawAsync(HttpMethod.Get, $"/apis/{kind.Group}/{kind.Version}/namespaces/{key.Namespace}/{kind.Plural}/{key.Name}", null, both.Token);
            return response.IsSuccessStatusCode
                ? Of(JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(both.Token), ManagedJson.Default.ManagedObject))
                : null;
        }
        catch (Exception e) when (e is HttpRequestException or KubernetesException or JsonException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>The last writer of the object itself: subresources have no part in the spec, the operator neither.</summary>
    internal static string? Of(ManagedObject? obj) =>
        obj?.Metadata?.ManagedFields?
            .Where(entry => string.IsNullOrEmpty(entry.Subresource) && entry is { Manager.Length: > 0 } && entry.Manager != ApiGroup.OperatorFieldManager)
            .MaxBy(entry => entry.Time) is { } last
                ? Excerpt.Of($"{last.Manager} ({last.Operation})", LongestName)
                : null;
}

internal sealed record ManagedObject(ManagedMetadata? Metadata);

internal sealed record ManagedMetadata(IReadOnlyList<ManagedFieldsEntry>? ManagedFields);

internal sealed record ManagedFieldsEntry(string? Manager, string? Operation, DateTimeOffset? Time, string? Subresource);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ManagedObject))]
internal sealed partial class ManagedJson : JsonSerializerContext;
