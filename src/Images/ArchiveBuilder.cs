using System.Runtime.Versioning;
using System.Text.Json.Nodes;

namespace LlmOps.Images;

/// <summary>Builds archives that share their two lowest layers: the root file system and .NET. What changes with every commit is in the third.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class ArchiveBuilder(string repository, string output, string work, DotnetRuntime runtime)
{
    private readonly Layer root = Layer.Of(new LayerContent(Path.Combine(work, "root"), string.Empty));
    private readonly Layer dotnet = Layer.Of([.. runtime.Files.Select(file => new LayerContent(Path.Combine(runtime.Root, file), $"{DotnetRuntime.Place}/{file}"))]);

    /// <summary>Compiles and packs one image.</summary>
    /// <returns>The archive; <c>NAME.cdx.json</c> beside it is the list that is also in the image.</returns>
    /// <exception cref="InvalidOperationException">It does not compile.</exception>
    public async Task<string> BuildAsync(ImageTarget target, string version, string revision, CancellationToken ct)
    {
        var app = Path.Combine(output, "app", target.Name);
        await Publishing.PublishAsync(target, repository, app, Path.Combine(output, "build"), revision, ct);
        var dependencies = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(app, $"{target.Program}.deps.json"), ct))!;
        var packages = await File.ReadAllLinesAsync(Path.Combine(work, "packages.tsv"), ct);
        var bill = Path.Combine(output, $"{target.Name}.cdx.json");
        await File.WriteAllTextAsync(bill, Sbom.Of(target, version, packages, runtime, dependencies).ToJsonString(), ct);

        var program = Layer.Of(
        [
            new(app, "app"), new(bill, Sbom.PathOf(target)),
            .. target.Files.Select(file => new LayerContent(Path.Combine(repository, file), $"data/{file}")),
        ]);
        var archive = Path.Combine(output, $"{target.Name}.tar");
        OciArchive.Write(archive, target, [root, dotnet, program], version, revision);
        return archive;
    }
}
