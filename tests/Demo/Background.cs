using System.Diagnostics;
using System.Globalization;
using LlmOps.LocalCluster;

namespace LlmOps.Demo;

/// <summary>A process that goes on when the demo and its terminal have ended. One of each name at a time; its id and its output are in <c>.work/demo</c>.</summary>
/// <param name="name">Name of it.</param>
/// <param name="program">File of one of our programs, without its folder.</param>
internal sealed class Background(string name, string program)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static string Folder { get; } = Path.Combine(Workspace.Work, "demo");

    /// <summary>Where its output goes.</summary>
    public string LogFile { get; } = Path.Combine(Folder, $"{name}.log");

    private string PidFile { get; } = Path.Combine(Folder, $"{name}.pid");

    public async Task<Process> StartAsync(IEnumerable<string> arguments, CancellationToken ct)
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(LogFile, string.Empty, ct);

        // setsid and a file for its output: it must not end with this process or with its terminal.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        foreach (var argument in (string[])["-c", "log=$1; shift; exec setsid dotnet \"$0\" \"$@\" >\"$log\" 2>&1 </dev/null", Path.Combine(AppContext.BaseDirectory, program), LogFile, .. arguments])
            start.ArgumentList.Add(argument);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"the process of the {name} did not start");
        await File.WriteAllTextAsync(PidFile, process.Id.ToString(CultureInfo.InvariantCulture), ct);
        return process;
    }

    /// <summary>Ends it, if it runs.</summary>
    public async Task EndAsync(Action<string> log, CancellationToken ct)
    {
        if (!File.Exists(PidFile))
            return;
        if (int.TryParse(await File.ReadAllTextAsync(PidFile, ct), out var pid) && IsOurs(pid))
        {
            log($"ending the {name} of an earlier demo");
            using var process = Process.GetProcessById(pid);
            using (var kill = Process.Start("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)]))
                await kill.WaitForExitAsync(ct);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(Patience);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                process.Kill();
            }
        }

        File.Delete(PidFile);
    }

    /// <summary>Whether the id is still that of this process: ids are used again.</summary>
    private bool IsOurs(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains(program, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
