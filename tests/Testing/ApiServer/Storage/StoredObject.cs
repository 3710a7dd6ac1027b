using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing.ApiServer.Apply;
using LlmOps.Testing.ApiServer.Resources;

namespace LlmOps.Testing.ApiServer.Storage;

/// <summary>
/// One version of one object. Never changed after it was stored: readers on any thread share it, so a write makes a new one
/// from a clone of <see cref="Json"/>.
/// </summary>
internal sealed class StoredObject
{
    private readonly Lazy<byte[]> utf8;

    public StoredObject(ResourceDefinition resource, JsonObject json, ManagedFields managers, long resourceVersion)
    {
        (Resource, Json, Managers, ResourceVersion) = (resource, json, managers, resourceVersion);
        var metadata = json.Metadata();
        Key = new ObjectKey((string?)metadata["namespace"] ?? string.Empty, (string)metadata["name"]!);
        Uid = (string)metadata["uid"]!;
        Labels = metadata["labels"] is JsonObject labels
            ? labels.ToDictionary(static l => l.Key, static l => (string?)l.Value ?? string.Empty)
            : new Dictionary<string, string>();
        utf8 = new Lazy<byte[]>(() => View().ToUtf8());
    }

    public ResourceDefinition Resource { get; }

    public ObjectKey Key { get; }

    public string Uid { get; }

    public long ResourceVersion { get; }

    public JsonObject Json { get; }

    public ManagedFields Managers { get; }

    public IReadOnlyDictionary<string, string> Labels { get; }

    public bool IsDeleting => Json.Metadata()["deletionTimestamp"] is not null;

    /// <summary>As clients see it, with managed fields; rendered once, however many watchers there are.</summary>
    public ReadOnlyMemory<byte> Utf8 => utf8.Value;

    public IEnumerable<(string Uid, bool BlocksOwner)> Owners => Json.Metadata()["ownerReferences"] is JsonArray owners
        ? owners.Select(static o => ((string)o!["uid"]!, (bool?)o["blockOwnerDeletion"] ?? false))
        : [];

    /// <summary>A copy as clients see it.</summary>
    public JsonObject View()
    {
        var shown = Json.DeepClone().AsObject();
        if (Managers.Entries.Count > 0)
            shown.Metadata()["managedFields"] = Managers.ToJson();
        return shown;
    }
}
