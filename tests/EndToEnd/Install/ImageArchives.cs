using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>The archives of <c>make image-archives</c>, built and unpacked once for all tests of a class. Where <c>$LLMOPS_TEST_IMAGES</c> names their folder they are built already.</summary>
public sealed class ImageArchives : IAsyncLifetime
{
    public const string Version = "0.1.0";
    public const string Revision = "cafe";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);
    private readonly Dictionary<string, UnpackedImage> unpacked = [];

    public async Task InitializeAsync()
    {
        if (ImageTheoryAttribute.Problem is not null)
            return;
        var folder = Environment.GetEnvironmentVariable("LLMOPS_TEST_IMAGES") is { Length: > 0 } given ? given : await BuildAsync();
        foreach (var name in new[] { "operator", "gateway", "evaluator", "emulator" })
            unpacked[name] = await UnpackedImage.OfAsync(Path.Combine(folder, $"{name}.tar"), CancellationToken.None);
    }

    public Task DisposeAsync()
    {
        foreach (var image in unpacked.Values)
            image.Dispose();
        return Task.CompletedTask;
    }

    internal UnpackedImage this[string name] => unpacked[name];

    private static async Task<string> BuildAsync()
    {
        var built = await ToolProcess.RunAsync("make", null, Limit, ["-s", "-C", Workspace.Repository, "image-archives", $"TAG={Version}", $"REVISION={Revision}"], CancellationToken.None);
        Assert.True(built.ExitCode == 0, $"{built.Output}{built.Errors}");
        return Path.Combine(Workspace.Repository, "artifacts", "images");
    }
}

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
