using LlmOps.LocalCluster;

namespace LlmOps.Demo.Cluster;

/// <summary>The real kubectl against one cluster: what a person would type.</summary>
public sealed class Kubectl(string kubeconfigPath, Action<string>? echo = null)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Runs it and returns what it printed. Throws where it failed, with what it said.</summary>
    public async Task<string> RunAsync(CancellationToken ct, params string[] arguments)
    {
        echo?.Invoke("kubectl " + string.Join(' ', arguments.Select(a => a.StartsWith(Workspace.Repository, StringComparison.Ordinal) ? Path.GetRelativePath(Workspace.Repository, a) : a)));
        var run = await ToolProcess.RunAsync(await Tools.KubectlPathAsync(echo, ct), kubeconfigPath, Limit, arguments, ct);
        return run.ExitCode == 0
            ? run.Output
            : throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)} failed: {run.Errors.Trim()}");
    }

    /// <summary>Waits until kinds are served. One that was made this moment has no conditions yet, which kubectl takes for an error and not for something to wait for: then once more.</summary>
    /// <param name="definitions">As in <c>crd/llmdeployments.llmops.dev</c>.</param>
    public async Task EstablishedAsync(CancellationToken ct, params string[] definitions)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RunAsync(ct, ["wait", "--for=condition=Established", "--timeout=30s", .. definitions]);
                return;
            }
            catch (InvalidOperationException e) when (attempt < 50 && e.Message.Contains("conditions accessor error", StringComparison.Ordinal))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), ct);
            }
        }
    }

    /// <summary>Applies a file or, for a folder, its kustomization.</summary>
    public Task<string> ApplyAsync(string path, string? ns, CancellationToken ct) =>
        RunAsync(ct, ["apply", "--server-side", .. ns is null ? Array.Empty<string>() : ["-n", ns], Directory.Exists(path) ? "-k" : "-f", path]);

    /// <summary>Applies manifests that are in no file.</summary>
    public async Task<string> ApplyTextAsync(string manifests, string? ns, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("kubectl");
        try
        {
            var file = Path.Combine(folder.FullName, "manifests.yaml");
            await File.WriteAllTextAsync(file, manifests, ct);
            return await ApplyAsync(file, ns, ct);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
