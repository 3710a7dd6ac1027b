using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Resources;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>
/// Just enough of OpenAPI v3 for <c>kubectl apply</c> to learn that the server itself validates fields and supports dry runs;
/// it downloads and checks schemas otherwise. No schemas are in it.
/// </summary>
internal static class OpenApiStubs
{
    /// <summary>Null when the path is not one of OpenAPI v3.</summary>
    public static JsonObject? Document(string path, ResourceRegistry registry)
    {
        const string Root = "/openapi/v3";
        if (path == Root)
        {
            return new JsonObject
            {
                ["paths"] = new JsonObject(registry.All.Select(Prefix).Distinct()
                    .Select(static p => KeyValuePair.Create(p, (JsonNode?)new JsonObject { ["serverRelativeURL"] = $"{Root}/{p}" }))),
            };
        }

        var served = registry.All.Where(r => path == $"{Root}/{Prefix(r)}").ToList();
        return served.Count == 0
            ? null
            : new JsonObject
            {
                ["openapi"] = "3.0.0",
                ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "in-process" },
                ["paths"] = new JsonObject(served.Select(static r => KeyValuePair.Create($"/{Prefix(r)}/{r.Plural}/{{name}}", (JsonNode?)Operations(r)))),
            };
    }

    private static string Prefix(ResourceDefinition resource) =>
        resource.Group.Length == 0 ? $"api/{resource.Version}" : $"apis/{resource.Group}/{resource.Version}";

    private static JsonObject Operations(ResourceDefinition resource) => new()
    {
        ["patch"] = new JsonObject
        {
            ["parameters"] = new JsonArray([.. new[] { "dryRun", "fieldManager", "fieldValidation", "force" }.Select(static name => new JsonObject
            {
                ["name"] = name,
                ["in"] = "query",
                ["schema"] = new JsonObject { ["type"] = "string" },
            })]),
            ["responses"] = new JsonObject(),
            ["x-kubernetes-group-version-kind"] = new JsonObject { ["group"] = resource.Group, ["version"] = resource.Version, ["kind"] = resource.Kind },
        },
    };
}
