using System.Runtime.InteropServices;

namespace LlmOps.Gateway;

/// <summary>SIGTERM and SIGINT.</summary>
internal static class TerminationSignal
{
    /// <summary>Completes at the first signal, or when cancelled.</summary>
    public static async Task WaitAsync(CancellationToken ct)
    {
        var signalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Note);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Note);
        using var cancelled = ct.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), signalled);
        await signalled.Task;

        void Note(PosixSignalContext signal)
        {
            // Without this the process would end at once.
            signal.Cancel = true;
            signalled.TrySetResult();
        }
    }
}
