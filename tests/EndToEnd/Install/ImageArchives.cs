using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>Archives of all images, built and unpacked once for all tests of a class.</summary>
/// <param name="goal">What makes them.</param>
/// <param name="folder">Where it leaves them, under <c>artifacts</c>.</param>
/// <param name="variable">Environment variable that names their folder where they are built already.</param>
/// <param name="problem">Why they cannot be made; null where they can.</param>
public abstract class BuiltImages(string goal, string folder, string variable, string? problem) : IAsyncLifetime
{
    public const string Version = "0.1.0";
    public const string Revision = "cafe";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);
    private readonly Dictionary<string, UnpackedImage> unpacked = [];

    public async Task InitializeAsync()
    {
        if (problem is not null)
            return;
        var built = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? given : await BuildAsync();
        foreach (var name in new[] { "operator", "gateway", "evaluator", "emulator" })
            unpacked[name] = await UnpackedImage.OfAsync(Path.Combine(built, $"{name}.tar"), CancellationToken.None);
    }

    public Task DisposeAsync()
    {
        foreach (var image in unpacked.Values)
            image.Dispose();
        return Task.CompletedTask;
    }

    internal UnpackedImage this[string name] => unpacked[name];

    private async Task<string> BuildAsync()
    {
        var built = await ToolProcess.RunAsync("make", null, Limit, ["-s", "-C", Workspace.Repository, goal, $"TAG={Version}", $"REVISION={Revision}"], CancellationToken.None);
        Assert.True(built.ExitCode == 0, $"{built.Output}{built.Errors}");
        return Path.Combine(Workspace.Repository, "artifacts", folder);
    }
}

/// <summary>Those of <c>make image-archives</c>.</summary>
public sealed class ImageArchives() : BuiltImages("image-archives", "images", "LLMOPS_TEST_IMAGES", ImageTheoryAttribute.Problem);

/// <summary>Those of <c>make docker-check</c>.</summary>
public sealed class DockerfileImages() : BuiltImages("docker-check", "dockerfile", "LLMOPS_TEST_DOCKERFILE", DockerfileTheoryAttribute.Problem);

/// <summary>A test of images that are built, unpacked and entered: skipped, with the reason, only where that cannot be done.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ImageTheoryAttribute : TheoryAttribute
{
    private static readonly Lazy<string?> Found = new(Probe);

    public ImageTheoryAttribute() => Skip = Problem is null ? null : $"images cannot be tried here: {Problem}";

    /// <summary>Why not; null where they can.</summary>
    public static string? Problem => Found.Value;

    private static string? Probe()
    {
        if (!Environment.IsPrivilegedProcess)
            return "only root may mount and change its root";
        var mounts = ToolProcess.RunAsync("unshare", null, TimeSpan.FromMinutes(1), ["--mount", "--pid", "--fork", "true"], CancellationToken.None).GetAwaiter().GetResult();
        if (mounts.ExitCode != 0)
            return $"this machine lets nobody mount: {mounts.Errors.Trim()}";
        var script = Path.Combine(Workspace.Repository, "src", "Images", "base", "fetch.sh");
        var fetched = ToolProcess.RunAsync("bash", null, TimeSpan.FromMinutes(5), [script, Path.Combine(Workspace.Work, "images")], CancellationToken.None).GetAwaiter().GetResult();
        return fetched.ExitCode == 0 ? null : fetched.Errors.Trim();
    }
}

/// <summary>A test of images that the Dockerfile makes: skipped, with the reason, only where it cannot be built.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DockerfileTheoryAttribute : TheoryAttribute
{
    private static readonly Lazy<string?> Found = new(() => ImageTheoryAttribute.Problem ?? Probe());

    public DockerfileTheoryAttribute() => Skip = Problem is null ? null : $"the Dockerfile cannot be built here: {Problem}";

    /// <summary>Why not; null where it can.</summary>
    public static string? Problem => Found.Value;

    private static string? Probe()
    {
        var probe = ToolProcess.RunAsync("bash", null, TimeSpan.FromMinutes(5), [Path.Combine(Workspace.Repository, "tests", "dockerfile.sh")], CancellationToken.None).GetAwaiter().GetResult();
        return probe.ExitCode == 0 ? null : probe.Errors.Trim();
    }
}
