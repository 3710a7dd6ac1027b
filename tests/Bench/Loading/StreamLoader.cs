using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LlmOps.Bench.Gateway;

namespace LlmOps.Bench.Loading;

/// <summary>
/// A number of streams at all times, each followed by the next. What is measured is the time to the first token without what the engine took
/// between the request's arrival and the token's sending: both stamps are in the token.
/// </summary>
internal static class StreamLoader
{
    /// <summary>Failures also count streams in which a token is missing.</summary>
    public static async Task<LatencySample> RunAsync(Uri server, int streams, TimeSpan length, CancellationToken ct)
    {
        using var http = ChatRequest.Client();
        var body = ChatRequest.Body(stream: true);
        var latencies = new ConcurrentBag<double>();
        var failures = 0;
        var started = Stopwatch.GetTimestamp();
        var oneStream = FixedAnswerBackend.FirstTokenAfter + (FixedAnswerBackend.TokenEvery * FixedAnswerBackend.TokensPerStream);
        await Task.WhenAll(Enumerable.Range(0, streams).Select(i => Task.Run(() => StreamOneAfterAnotherAsync(i), ct)));
        return new([.. latencies], failures);

        async Task StreamOneAfterAnotherAsync(int index)
        {
            // Spread the starts over the length of one stream: all at once would measure a queue.
            await Task.Delay(oneStream * index / streams, TimeProvider.System, ct);
            for (var i = index; Stopwatch.GetElapsedTime(started) < length; i += streams)
            {
                if (await StreamAsync(http, server, body, i, ct) is { } latency)
                    latencies.Add(latency);
                else
                    Interlocked.Increment(ref failures);
            }
        }
    }

    /// <summary>Milliseconds; null where the stream was not whole.</summary>
    private static async Task<double?> StreamAsync(HttpClient http, Uri server, byte[] body, int session, CancellationToken ct)
    {
        try
        {
            var sent = Stopwatch.GetTimestamp();
            using var request = ChatRequest.Create(server, body, session);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
            double? latency = null;
            var tokens = 0;
            while (await reader.ReadLineAsync(ct) is { } line)
            {
                if (line == "data: [DONE]")
                    return tokens == FixedAnswerBackend.TokensPerStream ? latency : null;
                if (!line.Contains("\"content\":", StringComparison.Ordinal))
                    continue;
                tokens++;
                latency ??= WithoutEngine(line, sent, Stopwatch.GetTimestamp());
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            // Counted by the caller.
        }

        return null;
    }

    private static double? WithoutEngine(string line, long sent, long received)
    {
        var at = line.IndexOf(FixedAnswerBackend.StampMark, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var stamps = line[(at + FixedAnswerBackend.StampMark.Length)..].Split('.')[0].Split(' ');
        var engine = long.Parse(stamps[1], CultureInfo.InvariantCulture) - long.Parse(stamps[0], CultureInfo.InvariantCulture);
        return (received - sent - engine) / 1e6;
    }
}
