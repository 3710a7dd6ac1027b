using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>The shells that people have and a machine of ours need not: zsh and fish from Debian's packages, unpacked and not installed.</summary>
public static class ForeignShells
{
    /// <summary>Command line that starts a shell: <c>bash</c> is the machine's own.</summary>
    /// <param name="shell">bash, zsh or fish.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="InvalidOperationException">The packages cannot be had; the message says why.</exception>
    public static async Task<string[]> CommandAsync(string shell, CancellationToken ct = default)
    {
        if (shell == "bash")
            return ["bash"];
        var output = new List<string>();
        var code = await BuildScript.RunCommandAsync("bash", [Workspace.Source("shells", "fetch.sh")], line => { lock (output) output.Add(line); }, ct);
        if (code != 0)
            throw new InvalidOperationException($"{shell} cannot be had:\n{string.Join('\n', output.TakeLast(10))}");
        var root = Path.Combine(Workspace.Work, "shells", "root");
        return shell switch
        {
            "zsh" => [Path.Combine(root, "bin", "zsh-static")],
            "fish" => ["env", $"LD_LIBRARY_PATH={Path.Combine(root, "lib", "x86_64-linux-gnu")}:{Path.Combine(root, "usr", "lib", "x86_64-linux-gnu")}", Path.Combine(root, "usr", "bin", "fish")],
            _ => throw new ArgumentException($"no package is known for {shell}", nameof(shell)),
        };
    }
}
