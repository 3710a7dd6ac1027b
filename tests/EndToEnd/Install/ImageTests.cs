using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Images;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>The images that <c>make image-archives</c> builds, unpacked and run. Slow: all four are compiled as they ship.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ImageTests(ImageArchives archives) : IClassFixture<ImageArchives>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [ImageTheory]
    [InlineData("operator", 0, "gated canaries", "--help")]
    [InlineData("gateway", 0, "OpenAI-compatible gateway", "--help")]
    [InlineData("evaluator", 0, "Usage:", "--help")]
    [InlineData("emulator", 2, "usage: vllm serve", "--no-such-option")]
    public async Task Each_has_its_program_and_its_labels_and_no_way_to_be_somebody_else(string name, int exitCode, string says, string argument)
    {
        var (image, target) = (archives[name], ImageTarget.All.Single(target => target.Name == name));
        Assert.Equal("1654:1654", (string?)image.Configuration["User"]);
        Assert.Equal([$"/app/{target.Program}"], image.Configuration["Entrypoint"]!.AsArray().Select(part => (string)part!));
        foreach (var (label, value) in target.Labels(ImageArchives.Version, ImageArchives.Revision))
            Assert.Equal(value, (string?)image.Configuration["Labels"]![label]);

        await using (var run = await image.StartAsync(argument))
        {
            Assert.Equal(exitCode, await run.Exited.WaitAsync(Patience));
            Assert.Contains(says, await File.ReadAllTextAsync(run.LogFile), StringComparison.Ordinal);
        }

        foreach (var path in Directory.EnumerateFileSystemEntries(image.Folder, "*", SearchOption.AllDirectories).Where(path => new FileInfo(path).LinkTarget is null))
        {
            var (file, mode) = (Path.GetRelativePath(image.Folder, path), File.GetUnixFileMode(path));
            Assert.True((mode & (UnixFileMode.SetUser | UnixFileMode.SetGroup)) == 0, $"{file} is set-user-id");
            Assert.True(file == "tmp" || (mode & (UnixFileMode.OtherWrite | UnixFileMode.GroupWrite)) == 0, $"everybody may write {file}");
        }

        Assert.False(Path.Exists(Path.Combine(image.Folder, "usr", "bin", "sh")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(image.Folder, "usr", "bin")));
        Assert.True(new FileInfo(Path.Combine(image.Folder, "etc", "ssl", "certs", "ca-certificates.crt")).Length > 100_000);
    }

    [ImageTheory]
    [InlineData("operator", "pkg:nuget/OpenTelemetry@")]
    [InlineData("gateway", "pkg:nuget/System.CommandLine@")]
    public async Task Each_tells_what_is_in_it(string name, string package)
    {
        var bill = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(archives[name].Folder, Sbom.PathOf(ImageTarget.All.Single(target => target.Name == name)))))!;
        var packages = bill["components"]!.AsArray().Select(component => (string)component!["purl"]!).ToList();
        Assert.Equal(("CycloneDX", "1.6"), ((string?)bill["bomFormat"], (string?)bill["specVersion"]));
        foreach (var expected in new[] { package, $"pkg:nuget/Microsoft.NETCore.App.Runtime.{DotnetRuntime.Identifier}@10.", "pkg:deb/debian/libssl3", "pkg:deb/debian/ca-certificates@" })
            Assert.Single(packages, found => found.StartsWith(expected, StringComparison.Ordinal));
    }

    [ImageTheory]
    [InlineData("operator", "/readyz", "--health-port={0}", "--metrics-port=0", "--kubeconfig=/kubeconfig")]
    [InlineData("gateway", "/readyz", "--admin-port={0}", "--client-port=0", "--kubeconfig=/kubeconfig")]
    public async Task They_speak_with_a_real_API_server_as_their_user_on_a_root_that_nobody_can_write(string name, string path, params string[] arguments)
    {
        Assert.True(RealApiServerFactAttribute.IsAvailable, "the local control plane is not there");
        await using var plane = await ControlPlane.StartAsync();
        var kubectl = new Kubectl(plane.KubeconfigPath);
        await kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "config", "crd"), null, CancellationToken.None);
        var kubeconfig = Path.Combine(archives[name].Folder, "kubeconfig");
        File.Copy(plane.KubeconfigPath, kubeconfig);
        File.SetUnixFileMode(kubeconfig, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await AnswersAsync(archives[name], path, arguments);
    }

    [ImageTheory]
    [InlineData("emulator", "/health", "vllm", "acme/support-7b", "--revision=v1", "--port={0}")]
    public Task The_emulator_brings_the_models_of_the_demo(string name, string path, params string[] arguments) => AnswersAsync(archives[name], path, arguments);

    private static async Task AnswersAsync(UnpackedImage image, string path, string[] arguments)
    {
        var port = LoopbackPorts.Take(1)[0];
        await using var run = await image.StartAsync([.. arguments.Select(argument => string.Format(null, argument, port))]);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await Eventually.TrueAsync(
            async ct => run.Exited.IsCompleted || (await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), ct)).IsSuccessStatusCode, Patience, () => $"an answer; it says\n{run.LogTail(5)}");
        Assert.False(run.Exited.IsCompleted, run.LogTail(5));
        Assert.Equal(("1654\t1654\t1654\t1654", "1654\t1654\t1654\t1654", new string('0', 16), "ro"), image.Inside());
    }
}
