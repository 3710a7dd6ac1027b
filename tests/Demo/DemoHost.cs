using System.Text.Json.Nodes;
using LlmOps.LocalCluster;

namespace LlmOps.Demo;

/// <summary>
/// The cluster of the demo: a process of its own (<c>LocalCluster up</c>), so that it can outlive the demo. One at a time; its id and its
/// kubeconfig stand in <c>.work/demo</c>.
/// </summary>
internal sealed class DemoHost
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(15);
    private static readonly string RunFile = Path.Combine(Background.Folder, "run.json");
    private static readonly Background Cluster = new("cluster", "LlmOps.LocalCluster.dll");

    private DemoHost(int pid, string kubeconfig) => (Pid, Kubeconfig) = (pid, kubeconfig);

    public int Pid { get; }

    public string Kubeconfig { get; }

    /// <summary>Starts the cluster and waits until it is ready; its progress is told line by line.</summary>
    public static async Task<DemoHost> UpAsync(Action<string> log, TimeProvider time, CancellationToken ct)
    {
        await DownAsync(log, ct);
        using var process = await Cluster.StartAsync(["up", "--data", Path.Combine(Background.Folder, "data"), "--run-file", RunFile], ct);
        var logFile = Cluster.LogFile;

        var started = time.GetTimestamp();
        using var output = new StreamReader(new FileStream(logFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (!File.Exists(RunFile))
        {
            while (await output.ReadLineAsync(ct) is { } line)
                log(line);
            if (process.HasExited)
                throw new InvalidOperationException($"the cluster did not start (exit code {process.ExitCode}): see {Path.GetRelativePath(Workspace.Repository, logFile)}");
            if (time.GetElapsedTime(started) > StartLimit)
                throw new TimeoutException($"the cluster was not ready within {StartLimit.TotalMinutes:0} minutes: see {Path.GetRelativePath(Workspace.Repository, logFile)}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, ct);
        }

        while (await output.ReadLineAsync(ct) is { } line)
            log(line);
        var run = JsonNode.Parse(await File.ReadAllTextAsync(RunFile, ct))!;
        return new(process.Id, (string)run["kubeconfig"]!);
    }

    /// <summary>Ends the cluster that runs, if one does, and its users. Returns 0.</summary>
    public static async Task<int> DownAsync(Action<string> log, CancellationToken ct)
    {
        await DemoUsers.EndAsync(ct);
        await Cluster.EndAsync(log, ct);
        // Not File.Delete alone, which minds that there is no folder yet.
        if (File.Exists(RunFile))
            File.Delete(RunFile);
        return 0;
    }
}
