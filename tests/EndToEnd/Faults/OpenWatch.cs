using System.Text;
using Microsoft.AspNetCore.Http;

namespace LlmOps.EndToEnd.Faults;

/// <summary>A watch that goes through the proxy.</summary>
internal sealed class OpenWatch(HttpContext context, Action<OpenWatch> closed) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isBetweenLines = true;

    /// <summary>Completes when the watch has been cut or its client has gone.</summary>
    public Task Closed
    {
        get
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            return gone.Task;
        }
    }

    public async Task ForwardAsync(ReadOnlyMemory<byte> bytes)
    {
        await gate.WaitAsync(context.RequestAborted);
        try
        {
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            isBetweenLines = bytes.Span[^1] == '\n';
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Sends a line of our own, where none is half sent.</summary>
    public void Write(string line) => _ = WriteAsync(Encoding.UTF8.GetBytes($"{line}\n"));

    public void Cut()
    {
        gone.TrySetResult();
        context.Abort();
    }

    public void Dispose() => closed(this);

    private async Task WriteAsync(byte[] line)
    {
        try
        {
            if (isBetweenLines && context.Response.HasStarted)
                await ForwardAsync(line);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It was closed meanwhile.
        }
    }
}
