using System.Diagnostics;
using System.Text;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>The emulator as a process, as a node starts it for a pod.</summary>
internal sealed class EngineProcessHandle : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _loading = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EngineProcessHandle(Process process) => _process = process;

    /// <summary>Where it listens, once it does.</summary>
    public Task<Uri> AddressAsync => _listening.Task.WaitAsync(Deadline, TimeProvider.System);

    /// <summary>Done when the load has begun.</summary>
    public Task LoadingAsync => _loading.Task.WaitAsync(Deadline, TimeProvider.System);

    public static EngineProcessHandle Start(string catalog, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "LlmOps.EngineEmulator.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["EMULATOR_CATALOG"] = catalog;
        start.Environment["LLMOPS_BIND_ADDRESS"] = "127.0.0.2";
        var handle = new EngineProcessHandle(new Process { StartInfo = start });
        handle._process.OutputDataReceived += (_, line) => handle.Read(line.Data);
        handle._process.ErrorDataReceived += (_, line) => handle._error.AppendLine(line.Data);
        handle._process.Start();
        handle._process.BeginOutputReadLine();
        handle._process.BeginErrorReadLine();
        return handle;
    }

    public async Task TerminateAsync()
    {
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async Task<(int Code, string Error)> ExitAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        return (_process.ExitCode, _error.ToString());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Read(string? line)
    {
        const string Listening = "INFO: Uvicorn running on ";
        if (line?.StartsWith("INFO: Starting to load", StringComparison.Ordinal) == true)
            _loading.TrySetResult();
        if (line?.StartsWith(Listening, StringComparison.Ordinal) == true)
            _listening.TrySetResult(new Uri(line[Listening.Length..].Split(' ')[0]));
    }
}
