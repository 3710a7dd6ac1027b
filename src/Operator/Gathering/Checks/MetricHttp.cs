namespace LlmOps.Operator.Gathering.Checks;

/// <summary>What all metric sources that are asked over HTTP have in common: a deadline, a bound on what is read, and words for what goes wrong on the way.</summary>
internal static class MetricHttp
{
    public const int MaxBytes = 256 * 1024;

    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>A reading by the deadline, whatever happens on the way. Throws on cancellation by <c>ct</c> alone.</summary>
    /// <param name="authority">Host and port, for messages: a path or a query may hold what is nobody's business.</param>
    public static async Task<Reading> ReadAsync(string authority, Func<CancellationToken, Task<Reading>> ask, TimeProvider time, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        try
        {
            return await ask(stop.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Reading.Error($"{authority} gave no answer in {Timeout.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            return Reading.Error(e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
                ? $"{authority} cannot be reached ({e.HttpRequestError})"
                : $"{authority} broke the answer off ({e.HttpRequestError})");
        }
        catch (IOException)
        {
            return Reading.Error($"{authority} broke the answer off");
        }
    }

    /// <summary>The body; null where it is larger than <see cref="MaxBytes"/>.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContent content, CancellationToken ct)
    {
        await using var stream = await content.ReadAsStreamAsync(ct);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, ct)) > 0;)
        {
            if (body.Length + read > MaxBytes)
                return null;
            body.Write(buffer, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
