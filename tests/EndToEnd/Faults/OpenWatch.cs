using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace LlmOps.EndToEnd.Faults;

/// <summary>A watch that goes through the proxy, line by line.</summary>
internal sealed partial class OpenWatch(HttpContext context, Func<string, bool> passes, Action<OpenWatch> closed) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    private readonly MemoryStream rest = new();
    private readonly Lock sync = new();

    /// <summary>Whether the request has ended: its context may be another request's already.</summary>
    private bool isOver;

    /// <summary>Completes when the watch has been cut or its client has gone.</summary>
    public Task Closed
    {
        get
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            return gone.Task;
        }
    }

    /// <summary>Cancelled when nothing more is to be forwarded.</summary>
    public CancellationToken Ending => ending.Token;

    public string Path { get; } = context.Request.Path.Value!;

    /// <summary>The resource version of the last line.</summary>
    public string? Position { get; private set; }

    /// <summary>The last line, where it was a bookmark: to say it again is to say nothing.</summary>
    public string? Bookmark { get; private set; }

    public static bool IsBookmark(string line) => line.StartsWith("""{"type":"BOOKMARK",""", StringComparison.Ordinal);

    /// <summary>Forwards the lines that are whole.</summary>
    public async Task ForwardAsync(ReadOnlyMemory<byte> bytes)
    {
        rest.Write(bytes.Span);
        var whole = rest.GetBuffer().AsSpan(0, (int)rest.Length).LastIndexOf((byte)'\n') + 1;
        if (whole == 0)
            return;
        var text = Encoding.UTF8.GetString(rest.GetBuffer(), 0, whole);
        var left = rest.GetBuffer().AsSpan(whole, (int)rest.Length - whole).ToArray();
        rest.SetLength(0);
        rest.Write(left);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(passes))
        {
            Bookmark = IsBookmark(line) ? line : null;
            Position = Version().Match(line) is { Success: true } found ? found.Groups[1].Value : Position;
            await SendAsync(line);
        }
    }

    /// <summary>Sends a line of our own.</summary>
    public void Write(string line) => _ = WriteAsync(line);

    public void Cut()
    {
        gone.TrySetResult();
        lock (sync)
        {
            if (!isOver)
                context.Abort();
        }
    }

    /// <summary>Ends it in order, as a server does that wants to be asked again.</summary>
    public void Close()
    {
        try
        {
            ending.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself.
        }
    }

    public void Dispose()
    {
        closed(this);
        lock (sync)
            isOver = true;
        ending.Dispose();
    }

    [GeneratedRegex("\"resourceVersion\":\"([0-9]+)\"")]
    private static partial Regex Version();

    private async Task SendAsync(string line)
    {
        await gate.WaitAsync(context.RequestAborted);
        try
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"{line}\n"), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task WriteAsync(string line)
    {
        try
        {
            if (!isOver && context.Response.HasStarted && !ending.IsCancellationRequested)
                await SendAsync(line);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // It was closed meanwhile.
        }
    }
}
