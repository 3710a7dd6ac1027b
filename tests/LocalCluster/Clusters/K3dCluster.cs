using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster.Clusters;

/// <summary>A k3d cluster that lives as long as this object. Its name holds our process id, so that leftovers can be told.</summary>
/// <remarks>Not done here: building and importing images, GPU operators. Without them only the API is of use.</remarks>
internal sealed class K3dCluster : IAsyncDisposable
{
    private readonly string name;

    private K3dCluster(string name, string kubeconfigPath) => (this.name, KubeconfigPath) = (name, kubeconfigPath);

    public string KubeconfigPath { get; }

    /// <exception cref="InvalidOperationException">k3d failed; its output is in the message.</exception>
    public static async Task<K3dCluster> CreateAsync(Action<string>? log, CancellationToken ct)
    {
        var name = $"llmops-{Environment.ProcessId}";
        var cluster = new K3dCluster(name, Path.Combine(Workspace.CreateRunDirectory("k3d"), "kubeconfig"));
        await RunAsync(["cluster", "create", name, "--no-lb", "--wait", "--timeout", "180s", "--kubeconfig-update-default=false"], log, ct);
        await RunAsync(["kubeconfig", "write", name, "--output", cluster.KubeconfigPath], log, ct);
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await RunAsync(["cluster", "delete", name], null, limit.Token);
    }

    private static async Task RunAsync(IReadOnlyList<string> arguments, Action<string>? log, CancellationToken ct)
    {
        var output = new List<string>();
        var code = await BuildScript.RunCommandAsync("k3d", arguments, line => { lock (output) output.Add(line); log?.Invoke($"k3d: {line}"); }, ct);
        if (code != 0)
            throw new InvalidOperationException($"k3d {string.Join(' ', arguments)} failed with exit code {code}:\n{string.Join('\n', output.TakeLast(10))}");
    }
}
