using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.Bench.Loading;

/// <summary>A program that is started by the dynamic loader it was unpacked with: the machine's libc may be older than its own.</summary>
internal sealed record UnpackedProgram(string Executable, IReadOnlyList<string> Arguments);

/// <summary>wrk and nginx, from Debian's packages, unpacked into the working folder.</summary>
internal sealed record Yardsticks(UnpackedProgram Wrk, UnpackedProgram Nginx)
{
    /// <summary>Downloads what is not there yet (8 MB).</summary>
    /// <exception cref="InvalidOperationException">The packages cannot be had; the message holds the script's last lines.</exception>
    public static async Task<Yardsticks> PrepareAsync(Action<string> log, CancellationToken ct)
    {
        var output = new List<string>();
        var code = await BuildScript.RunAsync(Source("fetch.sh"), [], line => { lock (output) output.Add(line); log(line); }, ct);
        if (code != 0)
            throw new InvalidOperationException($"wrk and nginx cannot be had: {string.Join('\n', output.TakeLast(10))}");
        var root = Path.Combine(Workspace.Work, "yardsticks", "root");
        return new(Program(root, "bin", "wrk"), Program(root, "sbin", "nginx"));
    }

    /// <summary>A file of tests/Bench/yardsticks.</summary>
    public static string Source(string file) => Path.Combine(Workspace.Repository, "tests", "Bench", "yardsticks", file);

    private static UnpackedProgram Program(string root, string folder, string name) => new(
        Path.Combine(root, "usr", "lib64", "ld-linux-x86-64.so.2"),
        ["--library-path", Path.Combine(root, "usr", "lib", "x86_64-linux-gnu"), Path.Combine(root, "usr", folder, name)]);
}
