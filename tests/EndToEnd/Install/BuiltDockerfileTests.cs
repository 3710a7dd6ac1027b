using System.Runtime.Versioning;
using LlmOps.Images;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>The images that the Dockerfile makes are those of the archives, on stand-ins for its base images.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class BuiltDockerfileTests(DockerfileImages built, ImageArchives archives) : IClassFixture<DockerfileImages>, IClassFixture<ImageArchives>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [DockerfileTheory]
    [InlineData("operator", 0, "gated canaries", "--help")]
    [InlineData("gateway", 0, "OpenAI-compatible gateway", "--help")]
    [InlineData("evaluator", 0, "Usage:", "--help")]
    [InlineData("emulator", 2, "usage: vllm serve", "--no-such-option")]
    public async Task Each_target_builds_and_is_what_the_archive_is(string name, int exitCode, string says, string argument)
    {
        var (image, archive, target) = (built[name], archives[name], ImageTarget.All.Single(target => target.Name == name));
        foreach (var member in new[] { "User", "Entrypoint", "WorkingDir" })
            Assert.Equal(archive.Configuration[member]!.ToJsonString(), image.Configuration[member]!.ToJsonString());
        Assert.Equal(Keys(archive, "ExposedPorts"), Keys(image, "ExposedPorts"));
        foreach (var (label, value) in target.Labels(BuiltImages.Version, BuiltImages.Revision))
            Assert.Equal(value, (string?)image.Configuration["Labels"]![label]);
        var variables = image.Configuration["Env"]!.AsArray().Select(variable => (string)variable!).ToList();
        Assert.All(archive.Configuration["Env"]!.AsArray(), variable => Assert.Contains((string)variable!, variables));
        Assert.Equal(Files(archive), Files(image));

        await using var run = await image.StartAsync(argument);
        Assert.Equal(exitCode, await run.Exited.WaitAsync(Patience));
        Assert.Contains(says, await File.ReadAllTextAsync(run.LogFile), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Keys(UnpackedImage image, string member) => image.Configuration[member]?.AsObject().Select(entry => entry.Key).Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>();

    /// <summary>All files of ours, with their modes.</summary>
    private static IEnumerable<string> Files(UnpackedImage image) =>
        from folder in new[] { "app", "data" }
        let root = Path.Combine(image.Folder, folder)
        where Directory.Exists(root)
        from path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        select $"{Path.GetRelativePath(image.Folder, path)} {Convert.ToString((int)File.GetUnixFileMode(path), 8)}";
}
