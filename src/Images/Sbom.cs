using System.Text.Json.Nodes;

namespace LlmOps.Images;

/// <summary>What is in an image, as CycloneDX 1.6: Debian packages of the root file system, NuGet packages and .NET itself. Scanners read it by package URL.</summary>
internal static class Sbom
{
    /// <summary>Where it is in an image.</summary>
    public static string PathOf(ImageTarget target) => $"usr/share/sbom/{target.Name}.cdx.json";

    /// <param name="target">The image.</param>
    /// <param name="version">Version of the product.</param>
    /// <param name="packages">Lines of name, version and architecture, separated by tabs, as base/fetch.sh writes them.</param>
    /// <param name="runtime">The .NET under the program.</param>
    /// <param name="dependencies">The program's <c>deps.json</c>.</param>
    public static JsonObject Of(ImageTarget target, string version, IEnumerable<string> packages, DotnetRuntime runtime, JsonNode dependencies) => new()
    {
        ["bomFormat"] = "CycloneDX",
        ["specVersion"] = "1.6",
        ["version"] = 1,
        ["metadata"] = new JsonObject
        {
            ["component"] = new JsonObject { ["type"] = "container", ["name"] = $"llmops/{target.Name}", ["version"] = version, ["purl"] = $"pkg:oci/{target.Name}@{version}" },
        },
        ["components"] = new JsonArray([.. Debian(packages).Concat(NuGet(runtime.Packages.Concat(Libraries(dependencies)))).OrderBy(component => (string?)component["purl"], StringComparer.Ordinal)]),
    };

    private static IEnumerable<JsonObject> Debian(IEnumerable<string> packages) => packages
        .Select(line => line.Split('\t'))
        .Select(package => Component(package[0], package[1], $"pkg:deb/debian/{Uri.EscapeDataString(package[0])}@{Uri.EscapeDataString(package[1])}?arch={package[2]}"));

    private static IEnumerable<JsonObject> NuGet(IEnumerable<(string Name, string Version)> packages) => packages
        .Select(package => Component(package.Name, package.Version, $"pkg:nuget/{package.Name}@{package.Version}"));

    private static IEnumerable<(string Name, string Version)> Libraries(JsonNode dependencies) => dependencies["libraries"]!.AsObject()
        .Where(library => (string?)library.Value!["type"] == "package")
        .Select(library => library.Key.Split('/'))
        .Select(name => (name[0], name[1]));

    private static JsonObject Component(string name, string version, string url) => new() { ["type"] = "library", ["name"] = name, ["version"] = version, ["purl"] = url };
}
