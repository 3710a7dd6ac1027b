using System.Buffers;
using System.IO.Pipelines;

namespace LlmOps.Kubernetes;

/// <summary>The lines of a watch, with a limit on silence and on length. One reader.</summary>
internal sealed class WatchStream : IAsyncDisposable
{
    /// <summary>etcd takes objects of at most 1.5 MiB by default; this leaves room for whoever raised that.</summary>
    private const int LongestLine = 32 * 1024 * 1024;

    private static readonly StreamPipeReaderOptions Options = new(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024);

    private readonly PipeReader reader;
    private readonly CancellationTokenSource idle;
    private readonly CancellationTokenSource either;
    private readonly CancellationToken outer;
    private SequencePosition? consumed;

    private WatchStream(Stream body, TimeSpan idleTimeout, TimeProvider time, CancellationToken ct)
    {
        reader = PipeReader.Create(body, Options);
        outer = ct;
        IdleTimeout = idleTimeout;
        idle = new CancellationTokenSource(idleTimeout, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(ct, idle.Token);
    }

    /// <summary>Longest silence before the next line.</summary>
    public TimeSpan IdleTimeout { get; set; }

    /// <summary>The line, without its end; valid until the next <see cref="MoveNextAsync"/>.</summary>
    public ReadOnlySequence<byte> Current { get; private set; }

    public static async Task<WatchStream> OpenAsync(HttpResponseMessage response, TimeSpan idleTimeout, TimeProvider time, CancellationToken ct) =>
        new(await response.Content.ReadAsStreamAsync(ct), idleTimeout, time, ct);

    /// <summary>Reads the next line that is not empty; false at the end of the stream. A last line without an end was cut and is dropped.</summary>
    /// <exception cref="KubernetesException">Silence for longer than the limit.</exception>
    /// <exception cref="IOException">The connection broke, or the line is too long.</exception>
    public async ValueTask<bool> MoveNextAsync()
    {
        if (consumed is { } end)
            reader.AdvanceTo(end);
        consumed = null;
        while (true)
        {
            // A try before the wait: most reads bring several lines.
            if (!reader.TryRead(out var result))
                result = await ReadAsync();
            var buffer = result.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } newline)
            {
                Current = buffer.Slice(0, newline);
                var next = buffer.GetPosition(1, newline);
                if (!IsBlank(Current))
                {
                    consumed = next;
                    return true;
                }

                reader.AdvanceTo(next);
                continue;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return false;
            if (buffer.Length > LongestLine)
                throw new IOException($"a watch event is longer than {LongestLine} bytes");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await reader.CompleteAsync();
        either.Dispose();
        idle.Dispose();
    }

    private async ValueTask<ReadResult> ReadAsync()
    {
        idle.CancelAfter(IdleTimeout);
        try
        {
            return await reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!outer.IsCancellationRequested)
        {
            throw new KubernetesException(
                $"The watch was silent for {IdleTimeout.TotalSeconds:0.#} s", 0, KubernetesException.WatchIdleReason, innerException: e);
        }
        finally
        {
            // What the reader's consumer does with a line is not the server's silence.
            idle.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private static bool IsBlank(ReadOnlySequence<byte> line) =>
        line.IsEmpty || (line.Length == 1 && line.FirstSpan[0] == (byte)'\r');
}
