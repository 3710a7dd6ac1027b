using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOps.LocalCluster;

namespace LlmOps.Demo;

/// <summary>
/// The cluster of the demo: a process of its own (<c>LocalCluster up</c>), so that it can outlive the demo. One at a time; its id and its
/// kubeconfig stand in <c>.work/demo/cluster.json</c>.
/// </summary>
internal sealed class DemoHost
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(15);
    private static readonly string Folder = Path.Combine(Workspace.Work, "demo");
    private static readonly string RunFile = Path.Combine(Folder, "run.json");

    private DemoHost(int pid, string kubeconfig) => (Pid, Kubeconfig) = (pid, kubeconfig);

    public int Pid { get; }

    public string Kubeconfig { get; }

    /// <summary>Starts the cluster and waits until it is ready; its progress is told line by line.</summary>
    public static async Task<DemoHost> UpAsync(Action<string> log, TimeProvider time, CancellationToken ct)
    {
        await DownAsync(log, ct);
        Directory.CreateDirectory(Folder);
        File.Delete(RunFile);
        var logFile = Path.Combine(Folder, "cluster.log");
        await File.WriteAllTextAsync(logFile, string.Empty, ct);
        var program = Path.Combine(AppContext.BaseDirectory, "LlmOps.LocalCluster.dll");

        // setsid and a file for its output: it must not end with this process or with its terminal.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        foreach (var argument in (string[])["-c", "exec setsid dotnet \"$0\" up --data \"$1\" --run-file \"$2\" >\"$3\" 2>&1 </dev/null", program, Path.Combine(Folder, "data"), RunFile, logFile])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("the cluster's process did not start");
        await File.WriteAllTextAsync(Path.Combine(Folder, "pid"), process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), ct);

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

    /// <summary>Ends the cluster that runs, if one does. Returns 0.</summary>
    public static async Task<int> DownAsync(Action<string> log, CancellationToken ct)
    {
        var pidFile = Path.Combine(Folder, "pid");
        if (!File.Exists(pidFile))
            return 0;
        if (int.TryParse(await File.ReadAllTextAsync(pidFile, ct), out var pid) && IsOurs(pid))
        {
            log("ending the cluster of an earlier demo");
            using var process = Process.GetProcessById(pid);
            using (var kill = Process.Start("kill", ["-TERM", pid.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
                await kill.WaitForExitAsync(ct);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(TimeSpan.FromSeconds(30));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                process.Kill();
            }
        }

        File.Delete(pidFile);
        File.Delete(RunFile);
        return 0;
    }

    /// <summary>Whether the id is still that of a cluster of ours: ids are used again.</summary>
    private static bool IsOurs(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains("LlmOps.LocalCluster", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
