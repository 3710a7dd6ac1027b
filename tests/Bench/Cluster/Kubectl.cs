using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.Bench.Cluster;

/// <summary>The real kubectl.</summary>
internal static class Kubectl
{
    /// <exception cref="InvalidOperationException">It failed; the message holds what it said.</exception>
    public static async Task RunAsync(string kubeconfig, CancellationToken ct, params string[] arguments)
    {
        var output = new List<string>();
        var code = await BuildScript.RunCommandAsync(await Tools.KubectlPathAsync(ct: ct), ["--kubeconfig", kubeconfig, .. arguments], line => { lock (output) output.Add(line); }, ct);
        if (code != 0)
            throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)}: {string.Join('\n', output.TakeLast(5))}");
    }
}
