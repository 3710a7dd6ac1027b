using System.Text.Json.Nodes;

namespace LlmOps.Testing.ApiServer.Apply;

/// <summary>Who wrote, how and through which subresource: these three together are one owner.</summary>
internal readonly record struct FieldManager(string Name, bool IsApply, string? Subresource);

/// <summary>What one owner owns.</summary>
internal sealed record ManagedFieldsEntry(FieldManager Manager, string ApiVersion, string Time, IReadOnlySet<FieldPath> Fields);

/// <summary>All owners of one object. Immutable; equal when the same owners own the same, whenever they wrote.</summary>
internal sealed class ManagedFields(IReadOnlyList<ManagedFieldsEntry> entries)
{
    public static ManagedFields None { get; } = new([]);

    public IReadOnlyList<ManagedFieldsEntry> Entries { get; } = entries;

    public IReadOnlySet<FieldPath> OwnedBy(FieldManager manager) =>
        Entries.FirstOrDefault(e => e.Manager == manager)?.Fields ?? new HashSet<FieldPath>();

    /// <summary>After a write that is not an apply: what changed is the writer's alone, what vanished is nobody's.</summary>
    public ManagedFields AfterUpdate(
        Dictionary<FieldPath, JsonNode?> before, Dictionary<FieldPath, JsonNode?> after, FieldManager manager, string apiVersion, string time)
    {
        var changed = after
            .Where(leaf => !before.TryGetValue(leaf.Key, out var old) || !JsonNode.DeepEquals(old, leaf.Value))
            .Select(static leaf => leaf.Key)
            .ToHashSet();
        var removed = before.Keys.Where(path => !after.ContainsKey(path)).ToHashSet();
        if (changed.Count == 0 && removed.Count == 0)
            return this;
        var own = OwnedBy(manager).Where(path => !removed.Contains(path)).Concat(changed).ToHashSet();
        return Without(path => changed.Contains(path) || removed.Contains(path)).With(manager, own, apiVersion, time);
    }

    /// <summary>Takes the paths from every owner.</summary>
    public ManagedFields Without(Func<FieldPath, bool> taken, FieldManager? except = null) =>
        new([.. Entries
            .Select(e => e.Manager == except || !e.Fields.Any(taken) ? e : e with { Fields = e.Fields.Where(p => !taken(p)).ToHashSet() })
            .Where(static e => e.Fields.Count > 0)]);

    /// <summary>Sets what one owner owns; an owner of nothing is not listed.</summary>
    public ManagedFields With(FieldManager manager, IReadOnlySet<FieldPath> fields, string apiVersion, string time)
    {
        var previous = Entries.FirstOrDefault(e => e.Manager == manager);
        if (previous is not null && previous.ApiVersion == apiVersion && previous.Fields.SetEquals(fields))
            return this;
        var others = Entries.Where(e => e.Manager != manager);
        return new(fields.Count == 0 ? [.. others] : [.. others, new ManagedFieldsEntry(manager, apiVersion, time, fields)]);
    }

    public bool SameAs(ManagedFields other) =>
        ReferenceEquals(this, other)
        || (Entries.Count == other.Entries.Count
            && Entries.All(e => other.Entries.Any(o => o.Manager == e.Manager && o.ApiVersion == e.ApiVersion && o.Fields.SetEquals(e.Fields))));

    /// <summary>As <c>metadata.managedFields</c> shows it.</summary>
    public JsonArray ToJson() => new([.. Entries.Select(static entry =>
    {
        var json = new JsonObject
        {
            ["manager"] = entry.Manager.Name,
            ["operation"] = entry.Manager.IsApply ? "Apply" : "Update",
            ["apiVersion"] = entry.ApiVersion,
            ["time"] = entry.Time,
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = FieldsV1(entry.Fields),
        };
        if (entry.Manager.Subresource is { } subresource)
            json["subresource"] = subresource;
        return json;
    })]);

    private static JsonObject FieldsV1(IReadOnlySet<FieldPath> fields)
    {
        var root = new JsonObject();
        foreach (var path in fields.OrderBy(static p => p.Text, StringComparer.Ordinal))
        {
            var node = root;
            foreach (var element in path.Elements)
            {
                if (node[element] is not JsonObject next)
                    node[element] = next = [];
                node = next;
            }

            if (path.Elements[^1][0] == 'k')
                node["."] = new JsonObject();
        }

        return root;
    }
}
