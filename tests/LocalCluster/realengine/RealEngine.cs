using System.Runtime.InteropServices;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>Whether the real engine can be had here, and why.</summary>
public sealed record RealEngineAvailability(bool IsAvailable, string Reason);

/// <summary>
/// A real llama.cpp server from Debian's packages, unpacked and not installed. The machine's libc may be older than the
/// one it was built for, so its own loader starts it: <see cref="Executable"/> <see cref="Arguments"/>, then llama-server's
/// own arguments, such as <c>-m MODEL --host 127.0.0.1 --port 8080 --metrics</c>, with <see cref="Environment"/> set.
/// </summary>
public sealed record RealEngine
{
    private static readonly string Root = Path.Combine(Workspace.Work, "realengine", "root");

    /// <summary>The dynamic loader.</summary>
    public required string Executable { get; init; }

    /// <summary>What comes before llama-server's own arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>A tiny random model in GGUF; see <see cref="TinyModel"/>.</summary>
    public required string ModelPath { get; init; }

    public static RealEngineAvailability Probe()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            return new(false, $"needs Linux on x86-64, this is {RuntimeInformation.RuntimeIdentifier}");
        if (File.Exists(Path.Combine(Root, ".packages")))
            return new(true, "llama.cpp is unpacked");
        return File.Exists("/usr/bin/apt-get") && File.Exists("/usr/bin/dpkg-deb")
            ? new(true, "the first use downloads 16 MB of Debian packages")
            : new(false, "needs apt-get and dpkg-deb (Debian or Ubuntu) to get its packages");
    }

    /// <summary>Downloads the packages and writes the model where that was not done yet (4 seconds).</summary>
    /// <exception cref="InvalidOperationException">The packages cannot be had; the message holds the script's last lines.</exception>
    public static async Task<RealEngine> PrepareAsync(Action<string>? log = null, CancellationToken ct = default)
    {
        var script = Workspace.Source("realengine", "fetch.sh");
        var output = new List<string>();
        var code = await BuildScript.RunAsync(script, [], line => { lock (output) output.Add(line); log?.Invoke(line); }, ct);
        if (code != 0)
            throw new InvalidOperationException($"{script} failed with exit code {code}:\n{string.Join('\n', output.TakeLast(10))}");

        var libraries = Path.Combine(Root, "usr", "lib", "x86_64-linux-gnu");
        return new RealEngine
        {
            Executable = Path.Combine(Root, "usr", "lib64", "ld-linux-x86-64.so.2"),
            Arguments = ["--library-path", $"{libraries}:{Path.Combine(libraries, "llama")}", Path.Combine(Root, "usr", "bin", "llama-server")],
            Environment = new Dictionary<string, string>
            {
                // The plain backend runs anywhere; AVX2 makes a difference even for a tiny model.
                ["GGML_BACKEND_PATH"] = Path.Combine(libraries, "ggml", "backends0", HasAvx2() ? "libggml-cpu-haswell.so" : "libggml-cpu-x64.so"),
            },
            ModelPath = WriteModel(),
        };
    }

    private static bool HasAvx2() => System.Runtime.Intrinsics.X86.Avx2.IsSupported;

    /// <summary>Writes beside and renames: two test processes may be here at once.</summary>
    private static string WriteModel()
    {
        var path = Path.Combine(Workspace.Work, "realengine", "tiny.gguf");
        if (File.Exists(path))
            return path;
        var fresh = $"{path}.{System.Environment.ProcessId}";
        TinyModel.Write(fresh);
        File.Move(fresh, path, overwrite: true);
        return path;
    }
}
