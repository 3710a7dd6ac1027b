using System.Diagnostics;
using System.Text;
using LlmOps.Api;
using LlmOps.Demo.Stories;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>What docs/records.md promises of a RolloutRecord, with the real kubectl, and jq where there is one.</summary>
internal static class RecordChecks
{
    private static readonly string Page = Path.Combine(Workspace.Repository, "docs", "records.md");

    public static async Task AssertDocumentedAsync(Scene scene, HistoryEntry ended, CancellationToken ct)
    {
        var table = (await scene.KubectlAsync(ct, "get", "rolloutrecords")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["NAME", "DEPLOYMENT", "RELEASE", "OUTCOME", "REASON", "REQUESTS", "DETECT", "REVERT", "FINISHED"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var row = Assert.Single(table, line => line.StartsWith(ended.Record!, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([ended.Record!, Samples.Deployment, ended.Release, ended.Outcome, ended.Reason, $"{ended.CandidateRequests}"], row[..6]);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => scene.KubectlAsync(ct, "patch", "rolloutrecord", ended.Record!, "--type=merge", "-p", """{"spec":{"outcome":"Promoted"}}"""));
        Assert.Contains("a RolloutRecord says what was: it never changes", refused.Message, StringComparison.Ordinal);

        if (HasJq())
            await RunPageAsync(scene, ended, ct);
    }

    private static bool HasJq() => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "jq")));

    /// <summary>Runs the page's own commands. Each must succeed, and say something.</summary>
    private static async Task RunPageAsync(Scene scene, HistoryEntry ended, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("records").FullName;
        var page = await File.ReadAllTextAsync(Page, ct);
        var start = page.IndexOf("```bash\n", StringComparison.Ordinal) + "```bash\n".Length;
        var commands = page[start..page.IndexOf("\n```", start, StringComparison.Ordinal)].Replace("support-bot-0c1d2e3f", ended.Record, StringComparison.Ordinal).Split("\n\n");
        Assert.True(commands.Length > 5, $"{Page} has {commands.Length} commands");
        foreach (var command in commands)
        {
            var script = new StringBuilder("set -euo pipefail\nkubectl() { command kubectl -n \"$NS\" \"$@\"; }\n").Append(command);
            var shell = new ProcessStartInfo("bash", ["-c", script.ToString()]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
            shell.Environment["NS"] = scene.Namespace;
            shell.Environment["KUBECONFIG"] = scene.KubeconfigPath;
            shell.Environment["PATH"] = $"{Path.GetDirectoryName(await Tools.KubectlPathAsync(null, ct))}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
            using var process = Process.Start(shell)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            Assert.True(process.ExitCode == 0, $"{command}\nfailed: {await errors}");
            var isSilent = command.Contains('>', StringComparison.Ordinal) && command.EndsWith("json", StringComparison.Ordinal) || command.EndsWith("jsonl", StringComparison.Ordinal) || command.Contains("evaluations", StringComparison.Ordinal);
            Assert.True(isSilent || (await output).Trim().Length > 0, $"{command}\nprinted nothing");
        }

        Assert.Equal(2, File.ReadLines(Path.Combine(folder, "records.jsonl")).Count());
    }
}
