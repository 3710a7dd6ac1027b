using System.Diagnostics;

namespace LlmOps.LocalCluster.Processes;

/// <summary>Runs one of this folder's shell scripts, passing each line it prints on.</summary>
internal static class BuildScript
{
    /// <summary>Returns the exit code. Cancelling kills the script and what it started.</summary>
    public static Task<int> RunAsync(string script, IReadOnlyList<string> arguments, Action<string>? log, CancellationToken ct) =>
        RunCommandAsync("bash", [script, .. arguments], log, ct);

    /// <summary>The same for any command.</summary>
    public static async Task<int> RunCommandAsync(string command, IReadOnlyList<string> arguments, Action<string>? log, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment[Workspace.EnvironmentVariable] = Workspace.Work;

        using var process = Process.Start(start)!;
        void Forward(object _, DataReceivedEventArgs line)
        {
            if (line.Data is { } text)
                log?.Invoke(text);
        }

        process.OutputDataReceived += Forward;
        process.ErrorDataReceived += Forward;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode;
    }
}
