using LlmOps.LocalCluster;

namespace LlmOps.Demo.Cluster;

/// <summary>The real helm against one cluster, or, without one, on files alone.</summary>
/// <param name="kubeconfigPath">The cluster; null for none.</param>
public sealed class Helm(string? kubeconfigPath = null)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The chart of this repository.</summary>
    public static string Chart { get; } = Path.Combine(Workspace.Repository, "charts", "llmops");

    /// <summary>Runs it and returns what it printed. Throws where it failed, with what it said.</summary>
    public async Task<string> RunAsync(CancellationToken ct, params string[] arguments)
    {
        var run = await TryAsync(ct, arguments);
        return run.ExitCode == 0 ? run.Output : throw new InvalidOperationException($"helm {string.Join(' ', arguments)} failed: {run.Errors.Trim()} {run.Output.Trim()}");
    }

    /// <summary>Runs it, whatever comes of it.</summary>
    public async Task<ToolProcess> TryAsync(CancellationToken ct, params string[] arguments) =>
        await ToolProcess.RunAsync(await Tools.HelmPathAsync(ct: ct), kubeconfigPath, Limit, arguments, ct);
}
