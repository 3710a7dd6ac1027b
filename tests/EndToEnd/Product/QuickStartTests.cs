using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>What docs/quick-start.md has a new user type does what it says, beside as many users as the demo leaves there.</summary>
[Collection(ProductCollection.Name)]
public sealed class QuickStartTests(ProductFixture product)
{
    private const double RequestsPerSecond = 20;

    [RealApiServerFact]
    public async Task A_new_prompt_is_promoted_and_a_model_that_fades_is_reverted()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(Samples.Demo("2-better-model.yaml"), ct);
        await scene.KubectlAsync(ct, "apply", "-f", Samples.Demo("prompt-1.1.0.yaml"), "-f", Samples.Demo("5-better-prompt.yaml"));
        await scene.UntilAsync("the prompt that the demo ends with", s => s.Stable?.Prompt == "support-1.1.0" || s.Candidate?.Prompt == "support-1.1.0", ct);
        await using var users = scene.Users(RequestsPerSecond);
        await scene.UntilAsync("the demo to be over", s => s is { Stable.Prompt: "support-1.1.0", Candidate: null }, ct);

        await TypeAsync(scene, "## 1. A cluster with a release that serves", ["export KUBECONFIG", "export PATH", "kubectl get llm"], ct);
        await TypeAsync(
            scene, "## 2. Change something",
            ["sed 's", "kubectl patch llm", "kubectl describe llm", "kubectl get evalruns", "kubectl get rolloutrecords", "export PATH", "kubectl llm status", "kubectl llm explain"], ct);
        var promoted = await scene.UntilAsync("a candidate with the new prompt, and its end", s => s.Candidate is null && (s.Stable?.Prompt == "support-1.2.0" || s.FailedReleases?.Count > 0), ct);
        Assert.Equal("support-1.2.0", promoted.Stable!.Prompt);

        await TypeAsync(scene, "## 3. Break something", ["kubectl patch llm"], ct);
        var reverted = await scene.UntilAsync("the model that fades to be locked", s => s.Candidate is null && (s.Stable?.Revision == "v6-fades" || s.FailedReleases?.Count > 0), ct);
        Assert.Equal(("v2", Reasons.LiveTestFailed), (reverted.Stable!.Revision, reverted.FailedReleases?.Single().Reason));
        Assert.Empty(users.Statistics.Failures);
    }

    /// <summary>
    /// Types the commands of a section, but for those that go on until Ctrl-C and those of make, which this test is in the place of (<c>make plugin</c>: <see cref="Install.ReleaseTests"/>).
    /// </summary>
    /// <param name="expected">How the commands begin.</param>
    private static async Task TypeAsync(Scene scene, string section, string[] expected, CancellationToken ct)
    {
        var commands = (await File.ReadAllLinesAsync(Path.Combine(Workspace.Repository, "docs", "quick-start.md"), ct))
            .SkipWhile(line => line != section).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => Regex.IsMatch(line, "^    (?!git |make )[a-z]+ ") && !line.EndsWith(" -w", StringComparison.Ordinal) && !line.Contains("llm dashboard", StringComparison.Ordinal))
            .Select(line => line.Trim()).ToList();
        Assert.Equal(expected, commands.Zip(expected, (command, beginning) => command.StartsWith(beginning, StringComparison.Ordinal) ? beginning : command));
        Assert.Equal(expected.Length, commands.Count);

        // In a kubeconfig of its own, whose namespace is the scene's.
        var folder = Directory.CreateTempSubdirectory("quick-start").FullName;
        var kubeconfig = Path.Combine(folder, "kubeconfig");
        File.Copy(scene.KubeconfigPath, kubeconfig);
        var kubectl = await Tools.KubectlPathAsync(ct: ct);
        await ToolProcess.RunAsync(kubectl, kubeconfig, TimeSpan.FromMinutes(1), ["config", "set-context", "--current", "--namespace", scene.Namespace], ct);
        var tools = $"{Path.GetDirectoryName(kubectl)}:{PluginShell.Plugin}";
        var script = $"""
            set -euo pipefail
            cd {Workspace.Repository}
            export PATH={tools}:$PATH
            {string.Join('\n', commands).Replace("KUBECONFIG=…", $"KUBECONFIG={kubeconfig}", StringComparison.Ordinal).Replace("PATH=…", $"PATH={tools}", StringComparison.Ordinal)}
            """;
        Assert.DoesNotContain("…", script, StringComparison.Ordinal);
        var typed = await ToolProcess.RunAsync("bash", kubeconfig, TimeSpan.FromMinutes(3), ["-c", script], ct);
        Assert.True(typed.ExitCode == 0, $"{typed.Output}{typed.Errors}");
        Directory.Delete(folder, recursive: true);
    }
}
