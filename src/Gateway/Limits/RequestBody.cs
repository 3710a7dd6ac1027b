using LlmOps.Gateway.Prompts;

namespace LlmOps.Gateway.Limits;

/// <summary>Reads request bodies up to a limit of bytes and of time.</summary>
/// <param name="timeout">From the end of the headers to the end of the body, however steadily it trickles.</param>
internal sealed class RequestBody(TimeSpan timeout, TimeProvider time)
{
    /// <summary>What an announced length gets at once, in bytes: more memory comes only with the body itself.</summary>
    private const int MaxReserved = 64 * 1024;

    /// <summary>The body, or null where it is larger than the limit.</summary>
    /// <exception cref="BadHttpRequestException">The client sent it too slowly (408), or broke it off.</exception>
    public async ValueTask<PooledBuffer?> ReadAsync(HttpRequest request, int maxBytes, CancellationToken ct)
    {
        if (request.ContentLength > maxBytes)
            return null;
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        var buffer = new PooledBuffer((int)Math.Min(request.ContentLength ?? 4096, MaxReserved) + 1);
        try
        {
            int read;
            while ((read = await request.Body.ReadAsync(buffer.GetMemory(1), either.Token)) > 0)
            {
                buffer.Advance(read);
                if (buffer.Length > maxBytes)
                {
                    buffer.Dispose();
                    return null;
                }
            }

            return buffer;
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            buffer.Dispose();
            throw new BadHttpRequestException("the body came too slowly", StatusCodes.Status408RequestTimeout, e);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
