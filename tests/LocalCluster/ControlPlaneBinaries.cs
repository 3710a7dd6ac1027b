using System.Runtime.InteropServices;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>etcd and the API server's executable, as <c>controlplane/build.sh</c> makes them.</summary>
internal sealed record ControlPlaneBinaries(string Etcd, string ApiServer)
{
    private static readonly string Script = Workspace.Source("controlplane", "build.sh");

    public static ControlPlaneAvailability Probe()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            return new(false, false, $"needs Linux on x86-64, this is {RuntimeInformation.RuntimeIdentifier}");
        if (IsBuilt())
            return new(true, true, "etcd and the API server are built");
        if (File.Exists("/usr/bin/apt-get") && File.Exists("/usr/bin/dpkg-deb"))
            return new(true, false, "not built yet: the first start downloads Debian packages and builds for about 3 minutes");
        return File.Exists(Path.Combine(Workspace.Repository, "..", "shared", "controlplane", "prebuilt", "controlplane.xz"))
            ? new(true, false, "no apt-get here: the first start unpacks the prebuilt binaries beside the repository")
            : new(false, false, "needs apt-get and dpkg-deb (Debian or Ubuntu) to get its packages");
    }

    /// <summary>Builds when needed. One process builds, others wait for it (flock(1) in the script).</summary>
    /// <exception cref="ControlPlaneException">Neither built nor prebuilt.</exception>
    public static async Task<ControlPlaneBinaries> EnsureAsync(Action<string>? log, CancellationToken ct)
    {
        var last = new Queue<string>();
        var code = await BuildScript.RunAsync(Script, [], Remember, ct);
        if (code != 0)
            throw new ControlPlaneException($"{Script} failed with exit code {code}:\n{string.Join('\n', last)}");
        var where = string.Empty;
        await BuildScript.RunAsync(Script, ["--where"], line => where = line, ct);
        return new ControlPlaneBinaries(Path.Combine(where, "etcd"), Path.Combine(where, "controlplane"));

        void Remember(string line)
        {
            lock (last)
            {
                last.Enqueue(line);
                if (last.Count > 15)
                    last.Dequeue();
            }

            log?.Invoke(line);
        }
    }

    private static bool IsBuilt() => BuildScript.RunAsync(Script, ["--check"], null, CancellationToken.None).GetAwaiter().GetResult() == 0;
}
