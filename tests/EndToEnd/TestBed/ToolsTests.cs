using System.Diagnostics;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class ToolsTests
{
    [Theory]
    [InlineData("kubectl", "v1.35")]
    [InlineData("helm", "v4.")]
    public async Task Tools_run_and_have_the_version_that_the_documentation_names(string tool, string version)
    {
        var path = tool == "kubectl" ? await Tools.KubectlPathAsync() : await Tools.HelmPathAsync();
        var start = new ProcessStartInfo(path) { RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add("version");
        if (tool == "kubectl")
            start.ArgumentList.Add("--client");
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Contains(version, output, StringComparison.Ordinal);
    }
}
