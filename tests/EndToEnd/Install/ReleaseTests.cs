using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>What a release gives to strangers: <c>.github/workflows/release.yaml</c>, and what its steps make where no registry is needed for it.</summary>
public sealed class ReleaseTests
{
    private const string Version = "0.2.0";
    private const string Registry = "registry.example.com/team/";

    /// <summary>What the Makefile says where nobody says anything else.</summary>
    private const string Homepage = "https://github.com/OWNER/llmops";

    /// <summary>That of this repository, so that compiling the plugin for a test compiles nothing anew.</summary>
    private const string PluginVersion = "0.1.0";

    /// <summary>Set where run.sh made the plugin and its archives before, since compilers would disturb tests that measure time.</summary>
    private static readonly bool IsPluginMade = Environment.GetEnvironmentVariable("LLMOPS_TEST_PLUGIN") is { Length: > 0 };

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    private static readonly string Workflow = File.ReadAllText(Path.Combine(Workspace.Repository, ".github", "workflows", "release.yaml"));

    [Fact]
    public void A_tag_starts_it_and_every_target_and_variable_that_it_gives_to_make_is_there()
    {
        var workflow = Assert.Single(YamlJson.Documents(Workflow));
        Assert.Matches(@"^\[""v\[0-9\]", workflow["on"]!["push"]!["tags"]!.ToJsonString());
        Assert.Equal(["images", "chart", "plugin"], workflow["jobs"]!.AsObject().Select(job => job.Key));
        Assert.Equal("""{"contents":"read"}""", workflow["permissions"]!.ToJsonString());

        var makefile = File.ReadAllText(Path.Combine(Workspace.Repository, "Makefile"));
        var calls = workflow["jobs"]!.AsObject().SelectMany(job => job.Value!["steps"]!.AsArray()).Select(step => (string?)step!["run"]).OfType<string>()
            .SelectMany(script => Regex.Matches(script, "^make (.*)$", RegexOptions.Multiline)).Select(call => call.Groups[1].Value.Split(' ')).ToList();
        Assert.Equal(["docker-buildx", "chart", "plugin-archives", "build-installer"], calls.Select(call => call[0]));
        Assert.All(calls, call => Assert.Matches($"(?m)^{call[0]}:", makefile));
        Assert.All(calls.SelectMany(call => call[1..]), argument => Assert.Matches($@"(?m)^{argument.Split('=')[0]} \??=", makefile));
    }

    [Fact]
    public async Task The_chart_of_a_release_has_its_version_and_installs_the_images_of_its_registry()
    {
        await MakeAsync("chart", $"TAG={Version}", $"REGISTRY={Registry}", $"HELM={await Tools.HelmPathAsync()}");
        var package = Assert.Single(Made("artifacts/chart/*.tgz"));
        AssertTaken(package);
        var rendered = await new Helm().RunAsync(CancellationToken.None, "template", "llmops", package);
        Assert.Equal(
            [$"{Registry}llmops/evaluator:{Version}", $"{Registry}llmops/gateway:{Version}", $"{Registry}llmops/operator:{Version}"],
            Regex.Matches(rendered, @"(?:image: |--evaluator-image=)""?([^\s""]+)").Select(image => image.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_plugin_runs_from_its_archive_and_krew_finds_it_by_a_manifest_with_its_checksum()
    {
        if (!IsPluginMade)
            await MakeAsync("plugin-archives", $"TAG={PluginVersion}", $"RUNTIMES={RuntimeInformation.RuntimeIdentifier}");
        var archive = Assert.Single(Made("artifacts/plugin-archives/*.tar.gz"));
        Assert.All(Made("artifacts/plugin-archives/*"), AssertTaken);
        var sum = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(archive)));
        Assert.Equal($"{sum}  {Path.GetFileName(archive)}\n", await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(archive)!, "checksums.txt")));

        // https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest
        var manifest = Assert.Single(YamlJson.Documents(await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(archive)!, "llm.yaml"))));
        Assert.Equal(("krew.googlecontainertools.github.com/v1alpha2", "Plugin", "llm"), ((string?)manifest["apiVersion"], (string?)manifest["kind"], (string?)manifest["metadata"]!["name"]));
        var spec = manifest["spec"]!;
        Assert.Equal((Homepage, $"v{PluginVersion}"), ((string?)spec["homepage"], (string?)spec["version"]));
        Assert.InRange(((string)spec["shortDescription"]!).Length, 1, 70);
        Assert.NotEmpty((string)spec["description"]!);
        var platform = Assert.Single(spec["platforms"]!.AsArray())!;
        var (os, arch) = (OperatingSystem.IsMacOS() ? "darwin" : "linux", RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64");
        Assert.Equal($$"""{"os":"{{os}}","arch":"{{arch}}"}""", platform["selector"]!["matchLabels"]!.ToJsonString());
        Assert.Equal(($"{Homepage}/releases/download/v{PluginVersion}/{Path.GetFileName(archive)}", sum), ((string?)platform["uri"], (string?)platform["sha256"]));

        var folder = Directory.CreateTempSubdirectory("krew").FullName;
        var unpacked = await ToolProcess.RunAsync("tar", null, Limit, ["-xzf", archive, "-C", folder], CancellationToken.None);
        Assert.True(unpacked.ExitCode == 0, unpacked.Errors);
        Assert.Equal(["LICENSE", (string)platform["bin"]!], Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        await AssertHelpsAsync(Path.Combine(folder, (string)platform["bin"]!));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_plugin_of_make_plugin_runs_and_has_its_file_for_completions_beside_it()
    {
        if (!IsPluginMade)
            await MakeAsync("plugin");
        var plugin = Path.Combine(Workspace.Repository, "artifacts", "plugin");
        await AssertHelpsAsync(Path.Combine(plugin, "kubectl-llm"));
        Assert.Contains("kubectl llm", await File.ReadAllTextAsync(Path.Combine(plugin, "kubectl_complete-llm")), StringComparison.Ordinal);
    }

    private static async Task AssertHelpsAsync(string plugin)
    {
        var help = await ToolProcess.RunAsync(plugin, null, Limit, ["--help"], CancellationToken.None);
        Assert.True(help.ExitCode == 0, help.Errors);
        Assert.All(["status", "explain", "dashboard", "approve", "lint", "eval"], verb => Assert.Contains($"\n  {verb} ", help.Output, StringComparison.Ordinal));
    }

    private static string[] Made(string pattern) => Directory.GetFiles(Path.Combine(Workspace.Repository, Path.GetDirectoryName(pattern)!), Path.GetFileName(pattern));

    /// <summary>The workflow pushes it, or puts it beside the release.</summary>
    private static void AssertTaken(string file)
    {
        var path = Path.GetRelativePath(Workspace.Repository, file).Replace(Version, "$VERSION", StringComparison.Ordinal);
        Assert.Contains(Regex.Matches(Workflow, @"artifacts/[^\s""]+"), taken => Regex.IsMatch(path, $"^{Regex.Escape(taken.Value).Replace(@"\*", "[^/]*", StringComparison.Ordinal)}$"));
    }

    private static async Task MakeAsync(params string[] arguments)
    {
        var made = await ToolProcess.RunAsync("make", null, Limit, ["-s", "-C", Workspace.Repository, .. arguments], CancellationToken.None);
        Assert.True(made.ExitCode == 0, $"make {arguments[0]}: {made.Errors} {made.Output}");
    }
}
