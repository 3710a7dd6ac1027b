using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Resources;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>The documents that <c>kubectl</c> reads to learn what is served (unaggregated discovery), and the version.</summary>
internal static class Discovery
{
    /// <summary>Null when the path is not one of discovery.</summary>
    public static JsonObject? Document(string path, ResourceRegistry registry) => path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["version"] => Version(),
        ["api"] => new JsonObject
        {
            ["kind"] = "APIVersions",
            ["versions"] = new JsonArray("v1"),
            ["serverAddressByClientCIDRs"] = new JsonArray(),
        },
        ["apis"] => new JsonObject
        {
            ["kind"] = "APIGroupList",
            ["apiVersion"] = "v1",
            ["groups"] = new JsonArray([.. registry.All.Where(static r => r.Group.Length > 0).GroupBy(static r => r.Group).Select(Group)]),
        },
        ["api", var version] => Resources(registry, string.Empty, version),
        ["apis", var group] => registry.All.Where(r => r.Group == group).GroupBy(static r => r.Group).Select(Group).FirstOrDefault(),
        ["apis", var group, var version] => Resources(registry, group, version),
        _ => null,
    };

    private static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "35",
        ["gitVersion"] = "v1.35.0+in-process",
        ["platform"] = "in-process/memory",
    };

    private static JsonObject Group(IGrouping<string, ResourceDefinition> group)
    {
        var versions = group.Select(static r => r.Version).Distinct().Select(v => new JsonObject { ["groupVersion"] = $"{group.Key}/{v}", ["version"] = v }).ToArray();
        return new JsonObject
        {
            ["kind"] = "APIGroup",
            ["apiVersion"] = "v1",
            ["name"] = group.Key,
            ["preferredVersion"] = versions[0].DeepClone(),
            ["versions"] = new JsonArray(versions),
        };
    }

    private static JsonObject? Resources(ResourceRegistry registry, string group, string version)
    {
        var served = registry.All.Where(r => r.Group == group && r.Version == version).ToList();
        return served.Count == 0
            ? null
            : new JsonObject
            {
                ["kind"] = "APIResourceList",
                ["apiVersion"] = "v1",
                ["groupVersion"] = served[0].ApiVersion,
                ["resources"] = new JsonArray([.. served.SelectMany(Entries)]),
            };
    }

    private static IEnumerable<JsonObject> Entries(ResourceDefinition resource)
    {
        var entry = Entry(resource, resource.Plural, resource.Kind, "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");
        if (resource.ShortNames.Count > 0)
            entry["shortNames"] = new JsonArray([.. resource.ShortNames.Select(static n => JsonValue.Create(n))]);
        if (resource.Categories.Count > 0)
            entry["categories"] = new JsonArray([.. resource.Categories.Select(static n => JsonValue.Create(n))]);
        yield return entry;
        if (resource.HasStatus)
            yield return Entry(resource, resource.Plural + "/status", resource.Kind, "get", "patch", "update");
        if (resource.Scale is not null)
        {
            var scale = Entry(resource, resource.Plural + "/scale", "Scale", "get", "patch", "update");
            (scale["group"], scale["version"]) = ("autoscaling", "v1");
            yield return scale;
        }
    }

    private static JsonObject Entry(ResourceDefinition resource, string name, string kind, params string[] verbs) => new()
    {
        ["name"] = name,
        ["singularName"] = name.Contains('/', StringComparison.Ordinal) ? string.Empty : resource.Kind.ToLowerInvariant(),
        ["namespaced"] = resource.Namespaced,
        ["kind"] = kind,
        ["verbs"] = new JsonArray([.. verbs.Select(static v => JsonValue.Create(v))]),
    };
}
