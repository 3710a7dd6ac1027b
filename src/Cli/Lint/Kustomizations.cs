using System.Text.Json.Nodes;

namespace LlmOps.Cli.Lint;

/// <summary>
/// ConfigMaps that a kustomization among the files makes. Those alone whose name is as it is written: kustomize puts a hash behind the others, and does not know our kinds to put it there, too. Pure.
/// </summary>
internal static class Kustomizations
{
    public static IEnumerable<Manifest> ConfigMaps(Manifest manifest) =>
        manifest.Kind == "Kustomization" && manifest.Json["namePrefix"] is null && manifest.Json["nameSuffix"] is null && manifest.Json["configMapGenerator"] is JsonArray generators
            ? generators.OfType<JsonObject>().Where(g => KeepsName(g["options"]) ?? KeepsName(manifest.Json["generatorOptions"]) ?? false).Where(g => g["envs"] is null && g["env"] is null).Select(g => ConfigMap(manifest, g))
            : [];

    private static bool? KeepsName(JsonNode? options) => options?["disableNameSuffixHash"] is JsonValue value && value.TryGetValue<bool>(out var keeps) ? keeps : null;

    private static Manifest ConfigMap(Manifest kustomization, JsonObject generator)
    {
        var data = new JsonObject();
        foreach (var file in Texts(generator["files"]))
            data[file.Contains('=', StringComparison.Ordinal) ? file.Split('=')[0] : Path.GetFileName(file)] = string.Empty;
        foreach (var literal in Texts(generator["literals"]))
            data[literal.Split('=')[0]] = string.Empty;
        var json = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = generator["name"]?.DeepClone(), ["namespace"] = (generator["namespace"] ?? kustomization.Json["namespace"])?.DeepClone() },
            ["data"] = data,
        };
        return kustomization with { Json = json };
    }

    private static IEnumerable<string> Texts(JsonNode? list) => list is JsonArray array ? array.OfType<JsonValue>().Select(v => v.ToString()) : [];
}
