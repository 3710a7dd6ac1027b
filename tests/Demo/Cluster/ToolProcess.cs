using System.Diagnostics;

namespace LlmOps.Demo.Cluster;

/// <summary>One run of a command-line tool.</summary>
/// <param name="ExitCode">0 where it succeeded.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it said beside that.</param>
public sealed record ToolProcess(int ExitCode, string Output, string Errors)
{
    /// <summary>Runs it to its end. Cancelling kills it.</summary>
    /// <param name="path">The program.</param>
    /// <param name="kubeconfigPath">Cluster that it talks to; null for a tool that talks to none.</param>
    /// <param name="limit">Longest time that it may take.</param>
    /// <exception cref="OperationCanceledException">It took longer.</exception>
    public static async Task<ToolProcess> RunAsync(string path, string? kubeconfigPath, TimeSpan limit, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Never the cluster of whoever runs the tests.
        start.Environment["KUBECONFIG"] = kubeconfigPath ?? "/dev/null";
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        stop.CancelAfter(limit);
        var output = process.StandardOutput.ReadToEndAsync(stop.Token);
        var errors = process.StandardError.ReadToEndAsync(stop.Token);
        try
        {
            await process.WaitForExitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return new(process.ExitCode, await output, await errors);
    }
}
