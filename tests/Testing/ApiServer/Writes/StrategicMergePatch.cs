using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Apply;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>
/// Strategic merge patch, for built-in kinds: lists with a key merge by it, and the directives of
/// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md are
/// obeyed, but for the order of elements.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFromList = "$deleteFromPrimitiveList/";

    public static JsonObject Merge(JsonObject target, JsonObject patch, MergeSchema schema)
    {
        if ((string?)patch[Directive] == "replace")
            return Content(patch);
        var result = target.DeepClone().AsObject();
        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(DeleteFromList, StringComparison.Ordinal))
                Subtract(result[name[DeleteFromList.Length..]] as JsonArray, value!.AsArray());
            else if (name[0] != '$')
                MergeMember(result, name, value, schema.Member(name));
        }

        if (patch[RetainKeys] is JsonArray retained)
        {
            var kept = retained.Select(static k => (string)k!).ToHashSet();
            foreach (var name in result.Select(static p => p.Key).Where(k => !kept.Contains(k)).ToList())
                result.Remove(name);
        }

        return result;
    }

    private static void MergeMember(JsonObject result, string name, JsonNode? value, MergeSchema schema)
    {
        switch (value)
        {
            case null:
            case JsonObject deletion when (string?)deletion[Directive] == "delete":
                result.Remove(name);
                break;
            case JsonObject nested:
                result[name] = Merge(result[name] as JsonObject ?? [], nested, schema);
                break;
            case JsonArray items when schema.ListType == "map":
                result[name] = MergeByKey(result[name] as JsonArray ?? [], items, schema);
                break;
            case JsonArray items when schema.ListType == "set":
                result[name] = new JsonArray([.. (result[name] as JsonArray ?? []).Concat(items).Select(static i => i!.DeepClone()).DistinctBy(static i => i.ToJsonString())]);
                break;
            default:
                result[name] = value.DeepClone();
                break;
        }
    }

    /// <summary>The first key alone is the patch's merge key: ports merge by number, whatever their protocol.</summary>
    private static JsonArray MergeByKey(JsonArray live, JsonArray patch, MergeSchema schema)
    {
        if (patch.OfType<JsonObject>().Any(static i => (string?)i[Directive] == "replace"))
            return new JsonArray([.. patch.OfType<JsonObject>().Where(static i => !i.ContainsKey(Directive)).Select(Content)]);
        var key = schema.Keys[0].Name;
        var result = live.Select(static i => i!.DeepClone().AsObject()).ToList();
        foreach (var item in patch.OfType<JsonObject>())
        {
            var at = result.FindIndex(r => JsonNode.DeepEquals(r[key], item[key]));
            if ((string?)item[Directive] == "delete")
                result.RemoveAll(r => JsonNode.DeepEquals(r[key], item[key]));
            else if (at < 0)
                result.Add(Merge([], item, schema.Element));
            else
                result[at] = Merge(result[at], item, schema.Element);
        }

        return new JsonArray([.. result]);
    }

    private static void Subtract(JsonArray? from, JsonArray what)
    {
        foreach (var item in from?.Where(i => what.Any(w => JsonNode.DeepEquals(w, i))).ToList() ?? [])
            from!.Remove(item);
    }

    private static JsonObject Content(JsonObject patch)
    {
        var content = patch.DeepClone().AsObject();
        foreach (var name in content.Select(static p => p.Key).Where(static k => k[0] == '$').ToList())
            content.Remove(name);
        return content;
    }
}
