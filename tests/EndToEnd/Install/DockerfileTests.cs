using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using LlmOps.Demo.Cluster;
using LlmOps.Images;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>What does not need a container engine of the images that need one.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DockerfileTests
{
    [Fact]
    public void Each_target_of_the_Dockerfile_says_what_the_archive_says()
    {
        var stages = Regex.Split(File.ReadAllText(Path.Combine(Workspace.Repository, "Dockerfile")), "^FROM ", RegexOptions.Multiline).Skip(1)
            .ToDictionary(stage => Regex.Match(stage, @"^.* AS (\S+)\n").Groups[1].Value);
        Assert.Contains($"USER {ImageTarget.User}:{ImageTarget.User}\n", stages["base"], StringComparison.Ordinal);
        Assert.Contains($"ENV {string.Join(' ', OciArchive.Environment)}\n", stages["base"], StringComparison.Ordinal);
        Assert.Contains($"PUBLISH=\"{string.Join(' ', Publishing.Options)}\"\n", stages["build"], StringComparison.Ordinal);
        foreach (var target in ImageTarget.All)
        {
            var stage = stages[target.Name];
            Assert.StartsWith("base AS ", stage, StringComparison.Ordinal);
            Assert.Contains($"ENTRYPOINT [\"/app/{target.Program}\"]\n", stage, StringComparison.Ordinal);
            Assert.Contains($"COPY --from=build-{target.Name} /app /app\n", stage, StringComparison.Ordinal);
            Assert.Equal(target.Ports.Count > 0 ? string.Join(' ', target.Ports) : string.Empty, Regex.Match(stage, "EXPOSE (.*)\n").Groups[1].Value);
            Assert.Contains($"dotnet publish {target.Project} -a $TARGETARCH $PUBLISH -p:SourceRevisionId=$REVISION -o /app\n", stages[$"build-{target.Name}"], StringComparison.Ordinal);
            Assert.Equal(target.Files.Select(file => $"COPY {file} /data/{file}"), stage.Split('\n').Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal)));
            Assert.Equal(string.Join(' ', target.Environment), Regex.Match(stage, "ENV (.*)\n").Groups[1].Value);
            var labels = target.Labels("$VERSION", "$REVISION");
            Assert.Equal(labels.Keys.Order(StringComparer.Ordinal), Regex.Matches(stages["base"] + stage, @"(org\.opencontainers\.image\.\w+)=").Select(label => label.Groups[1].Value).Order(StringComparer.Ordinal));
            foreach (var (label, value) in labels)
                Assert.Matches($"{Regex.Escape(label)}=\"?{Regex.Escape(value)}\"?[ \n]", stages["base"] + stage);
        }
    }

    [Theory]
    [InlineData("docker-build")]
    [InlineData("docker-push")]
    [InlineData("docker-buildx")]
    public async Task Without_a_Docker_engine_it_says_so_and_what_to_do(string goal)
    {
        // A docker that finds no engine, whatever is installed here.
        var folder = Directory.CreateTempSubdirectory("docker").FullName;
        var docker = Path.Combine(folder, "docker");
        await File.WriteAllTextAsync(docker, "#!/bin/sh\nexit 1\n");
        File.SetUnixFileMode(docker, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var made = await ToolProcess.RunAsync("env", null, TimeSpan.FromMinutes(1), [$"PATH={folder}:{Environment.GetEnvironmentVariable("PATH")}", "make", "-s", "-C", Workspace.Repository, goal], CancellationToken.None);
        Assert.NotEqual(0, made.ExitCode);
        Assert.Contains("no Docker engine answers: start one, or build archives without it by make image-archives", made.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_files_give_the_same_layer_on_every_machine_and_nobody_becomes_somebody_else_by_it()
    {
        var folder = Directory.CreateTempSubdirectory("layer").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "b"));
        foreach (var file in new[] { "z", "b/a", "a" })
            File.WriteAllText(Path.Combine(folder, file), file);
        File.CreateSymbolicLink(Path.Combine(folder, "link"), "b/a");
        File.SetLastWriteTimeUtc(Path.Combine(folder, "a"), DateTime.UnixEpoch.AddYears(40));
        File.SetUnixFileMode(Path.Combine(folder, "a"), UnixFileMode.SetUser | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        var layer = Layer.Of(new LayerContent(folder, "app"), new LayerContent(Path.Combine(folder, "z"), "usr/share/z"));

        using var tar = new TarReader(new GZipStream(new MemoryStream(layer.Bytes), CompressionMode.Decompress));
        var entries = new List<string>();
        while (tar.GetNextEntry() is { } entry)
        {
            entries.Add($"{entry.Name} {Convert.ToString((int)entry.Mode, 8)} {entry.LinkName}".Trim());
            Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (entry.Uid, entry.Gid, entry.ModificationTime));
        }

        Assert.Equal(["app/ 755", "app/a 644", "app/b/ 755", "app/b/a 644", "app/link 755 b/a", "app/z 644", "usr/ 755", "usr/share/ 755", "usr/share/z 644"], entries);
        // Neither this process nor this moment is in it.
        Assert.StartsWith("sha256:6f3f327dbaae27cfd3909dc0cbf32288e1", layer.DiffId, StringComparison.Ordinal);
    }
}
