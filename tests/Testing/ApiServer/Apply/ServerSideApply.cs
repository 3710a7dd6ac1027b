using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Http;

namespace LlmOps.Testing.ApiServer.Apply;

/// <summary>The result of merging an applied configuration into an object.</summary>
internal sealed record Applied(JsonObject Json, ManagedFields Managers);

/// <summary>
/// Server-side apply, as a pure function of the live object, its owners and what is applied. Follows structured-merge-diff:
/// https://kubernetes.io/docs/reference/using-api/server-side-apply/
/// </summary>
internal static class ServerSideApply
{
    /// <exception cref="StatusError">409 when a field that another manager owns would change and <paramref name="force"/> is false.</exception>
    public static Applied Apply(
        JsonObject live, ManagedFields managers, JsonObject applied, MergeSchema schema, FieldManager manager, string apiVersion, string time, bool force)
    {
        var wanted = FieldLeaves.Of(applied, schema);
        var merged = Merge(live, applied, schema);

        var before = FieldLeaves.Of(live, schema);
        var after = FieldLeaves.Of(merged, schema);
        var changed = wanted.Keys
            .Where(path => !before.TryGetValue(path, out var old) || !JsonNode.DeepEquals(old, after.GetValueOrDefault(path)))
            .ToHashSet();
        var others = managers.Entries.Where(e => e.Manager != manager).ToList();
        var conflicts = others.SelectMany(e => e.Fields.Where(changed.Contains).Select(path => (Entry: e, Path: path))).ToList();
        if (conflicts.Count > 0 && !force)
            throw Conflict(conflicts);

        var last = managers.OwnedBy(manager);
        var next = managers
            .Without(changed.Contains, except: manager)
            .With(manager, wanted.Keys.ToHashSet(), apiVersion, time);
        RemoveAbandoned(merged, schema, last.Where(path => !wanted.ContainsKey(path)), next);
        return new Applied(merged, next);
    }

    /// <summary>Removes what this manager applied before and applies no more, unless somebody owns it or something in it.</summary>
    private static void RemoveAbandoned(JsonObject merged, MergeSchema schema, IEnumerable<FieldPath> abandoned, ManagedFields managers)
    {
        var held = new HashSet<FieldPath> { FieldPath.Root };
        foreach (var owned in managers.Entries.SelectMany(static e => e.Fields))
        {
            for (var path = owned; held.Add(path); path = path.Parent)
            {
            }
        }

        foreach (var path in abandoned.Where(path => !held.Contains(path)))
        {
            // A parent in which nobody owns anything any more goes with its last owned child, defaults and all.
            var top = path;
            while (!held.Contains(top.Parent))
                top = top.Parent;
            Remove(merged, schema, top.Elements);
        }
    }

    private static void Remove(JsonNode node, MergeSchema schema, IReadOnlyList<string> elements)
    {
        for (var i = 0; i < elements.Count; i++)
        {
            var last = i == elements.Count - 1;
            JsonNode? next;
            if (node is JsonObject obj)
            {
                var name = elements[i][2..];
                next = obj[name];
                if (last)
                    obj.Remove(name);
                schema = schema.Member(name);
            }
            else if (node is JsonArray array)
            {
                var listSchema = schema;
                next = array.FirstOrDefault(item => listSchema.Identity(item) == elements[i]);
                if (last && next is not null)
                    array.Remove(next);
                schema = schema.Element;
            }
            else
            {
                return;
            }

            if (next is null)
                return;
            node = next;
        }
    }

    private static JsonObject Merge(JsonObject live, JsonObject applied, MergeSchema schema)
    {
        var result = live.DeepClone().AsObject();
        foreach (var (name, value) in applied)
        {
            var member = schema.Member(name);
            result[name] = (result[name], value) switch
            {
                (JsonObject old, JsonObject wanted) when !member.IsAtomic => Merge(old, wanted, member),
                (JsonArray old, JsonArray wanted) when member.ListType != "atomic" => MergeList(old, wanted, member),
                _ => value?.DeepClone(),
            };
        }

        return result;
    }

    /// <summary>Elements that are already there keep their place; new ones follow in the order applied.</summary>
    private static JsonArray MergeList(JsonArray live, JsonArray applied, MergeSchema schema)
    {
        var result = new JsonArray();
        var wanted = applied.Select(item => (Identity: schema.Identity(item), Item: item)).ToList();
        foreach (var old in live)
        {
            var identity = schema.Identity(old);
            var match = wanted.FindIndex(w => w.Identity == identity);
            if (match < 0)
            {
                result.Add(old?.DeepClone());
                continue;
            }

            result.Add(MergeElement(old, wanted[match].Item, schema.Element));
            wanted.RemoveAt(match);
        }

        foreach (var (_, item) in wanted)
            result.Add(item?.DeepClone());
        return result;
    }

    private static JsonNode? MergeElement(JsonNode? old, JsonNode? wanted, MergeSchema schema) =>
        (old, wanted) is (JsonObject a, JsonObject b) && !schema.IsAtomic ? Merge(a, b, schema) : wanted?.DeepClone();

    private static StatusError Conflict(List<(ManagedFieldsEntry Entry, FieldPath Path)> conflicts)
    {
        var causes = conflicts.Select(static c =>
        {
            var through = c.Entry.Manager.Subresource is { } subresource ? $" with subresource \"{subresource}\"" : string.Empty;
            var how = c.Entry.Manager.IsApply ? string.Empty : $" using {c.Entry.ApiVersion}";
            return new FieldCause("FieldManagerConflict", c.Path.ToString(), $"conflict with \"{c.Entry.Manager.Name}\"{through}{how}");
        }).ToList();
        var noun = causes.Count == 1 ? "conflict" : "conflicts";
        var list = string.Join("\n", causes.Select(static c => $"{c.Message}: {c.Field}"));
        return StatusError.ApplyConflict($"Apply failed with {causes.Count} {noun}: {list}", causes);
    }
}
