using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LlmOps.LocalCluster.Processes;

/// <summary>What to start.</summary>
internal sealed record ChildProcessOptions
{
    public required string Executable { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Set on top of what is inherited; a null value removes the variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Null keeps this process's variables; else only these (and <see cref="Environment"/>) are passed on.</summary>
    public IReadOnlyList<string>? InheritOnly { get; init; }

    public string? WorkingDirectory { get; init; }

    /// <summary>Standard output and standard error are appended to this file.</summary>
    public required string LogFile { get; init; }
}

/// <summary>
/// A child that cannot outlive this process: the kernel kills it when we die, however we die. It has a session of its
/// own, so Ctrl-C in a terminal reaches only us, and it writes its output to its log file by itself.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int SignalTerminate = 15;
    private const int SignalKill = 9;
    private const int SignalContinue = 18;
    private const int SignalStop = 19;

    private readonly Process process;

    private ChildProcess(Process process, DateTimeOffset startedAt, string logFile)
    {
        this.process = process;
        StartedAt = startedAt;
        LogFile = logFile;
        Pid = process.Id;
        Exited = WaitAsync();
    }

    public int Pid { get; }

    public DateTimeOffset StartedAt { get; }

    public string LogFile { get; }

    /// <summary>Completes with the exit code (128 + signal number when a signal ended it).</summary>
    public Task<int> Exited { get; }

    /// <exception cref="System.ComponentModel.Win32Exception">setpriv(1) is not installed.</exception>
    public static async Task<ChildProcess> StartAsync(ChildProcessOptions options, TimeProvider? time = null)
    {
        var start = new ProcessStartInfo("setpriv") { UseShellExecute = false, WorkingDirectory = options.WorkingDirectory ?? string.Empty };
        if (options.InheritOnly is { } inherited)
        {
            foreach (var name in start.Environment.Keys.Except(inherited).ToList())
                start.Environment.Remove(name);
        }

        foreach (var (name, value) in options.Environment)
            start.Environment[name] = value;
        // Each step execs the next, so the id stays the same from setpriv to the executable.
        string[] wrapper = ["--pdeathsig", "KILL", "--", "setsid", "--", "/bin/sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", options.LogFile];
        foreach (var argument in wrapper.Append(options.Executable).Concat(options.Arguments))
            start.ArgumentList.Add(argument);
        var process = await LaunchThread.RunAsync(() => Process.Start(start)!);
        return new ChildProcess(process, (time ?? TimeProvider.System).GetUtcNow(), options.LogFile);
    }

    /// <summary>Sends SIGTERM; nothing happens when it has ended.</summary>
    public void Terminate() => Signal(SignalTerminate);

    /// <summary>Sends SIGKILL; nothing happens when it has ended.</summary>
    public void Kill() => Signal(SignalKill);

    /// <summary>Sends SIGSTOP: it does nothing until <see cref="Wake"/>, and does not know.</summary>
    public void Freeze() => Signal(SignalStop);

    /// <summary>Sends SIGCONT.</summary>
    public void Wake() => Signal(SignalContinue);

    /// <summary>SIGTERM, then SIGKILL when it is still there after <paramref name="grace"/>. Returns the exit code.</summary>
    public async Task<int> StopAsync(TimeSpan grace, TimeProvider? time = null)
    {
        if (grace > TimeSpan.Zero)
        {
            Terminate();
            await Task.WhenAny(Exited, Task.Delay(grace, time ?? TimeProvider.System));
        }

        Kill();
        return await Exited;
    }

    /// <summary>The end of the log file, for an error message.</summary>
    public string LogTail(int lines = 20)
    {
        try
        {
            return string.Join('\n', File.ReadLines(LogFile).TakeLast(lines));
        }
        catch (IOException)
        {
            return "(no log)";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        process.Dispose();
    }

    private void Signal(int signal)
    {
        // The id stays ours until the exit has been waited for, so this cannot hit a stranger.
        if (!Exited.IsCompleted)
            _ = SendSignal(Pid, signal);
    }

    private async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int pid, int signal);
}
