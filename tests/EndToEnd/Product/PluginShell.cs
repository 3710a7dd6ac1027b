using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LlmOps.LocalCluster;

namespace LlmOps.EndToEnd.Product;

/// <summary>A shell in which <c>kubectl-llm</c>, as it was built, is on the PATH: what a person who installed the plugin types.</summary>
internal sealed class PluginShell(string kubeconfigPath, string ns)
{
    /// <summary>Folder of <c>kubectl-llm</c>, as it was built.</summary>
    public static readonly string Plugin = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Cli", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'))));

    private readonly DirectoryInfo extra = Directory.CreateTempSubdirectory("e2e-path");

    /// <summary>Runs kubectl, whatever its exit code is.</summary>
    public async Task<(int Code, string Output, string Error)> KubectlAsync(CancellationToken ct, params string[] arguments)
    {
        var start = new ProcessStartInfo(await Tools.KubectlPathAsync(ct: ct), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = kubeconfigPath;
        start.Environment["PATH"] = $"{Plugin}:{extra.FullName}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl did not start");
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Runs <c>kubectl llm</c> in the namespace; the exit code must be the one that is expected.</summary>
    [SuppressMessage("Design", "CA1068:CancellationToken parameters must come last", Justification = "As Kubectl: the words of the command come last.")]
    public async Task<string> LlmAsync(CancellationToken ct, Ends code, params string[] arguments)
    {
        var (actual, output, error) = await KubectlAsync(ct, ["llm", .. arguments, "-n", ns]);
        return actual == (int)code ? output : throw new InvalidOperationException($"kubectl llm {string.Join(' ', arguments)} ended with {actual}, not {(int)code}: {output}{error}");
    }

    /// <summary>The same with a verb: the operator's answer is waited for however slow the machine is.</summary>
    [SuppressMessage("Design", "CA1068:CancellationToken parameters must come last", Justification = "As Kubectl: the words of the command come last.")]
    public Task<string> ActAsync(CancellationToken ct, Ends code, params string[] arguments) => LlmAsync(ct, code, [.. arguments, "--timeout", "5m"]);

    /// <summary>Puts the file that kubectl asks for completions on the PATH, as the plugin prints it.</summary>
    public async Task InstallCompletionAsync(CancellationToken ct)
    {
        var file = Path.Combine(extra.FullName, "kubectl_complete-llm");
        await File.WriteAllTextAsync(file, await LlmAsync(ct, Ends.Done, "completion", "kubectl"), ct);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

/// <summary>Exit codes of the plugin, by docs/kubectl-llm.md.</summary>
internal enum Ends
{
    Done = 0,
    No = 1,
}
