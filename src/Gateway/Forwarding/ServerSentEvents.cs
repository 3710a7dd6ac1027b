namespace LlmOps.Gateway.Forwarding;

/// <summary>Finds events in a stream. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html (lines end in LF or CR LF; no engine ends them in CR).</summary>
internal static class ServerSentEvents
{
    /// <summary>Index behind the blank line that ends the first event; -1 where it is not complete.</summary>
    public static int EndOfEvent(ReadOnlySpan<byte> data)
    {
        var from = 0;
        while (data[from..].IndexOf((byte)'\n') is >= 0 and var found)
        {
            var next = from + found + 1;
            if (next < data.Length && data[next] == '\n')
                return next + 1;
            if (next + 1 < data.Length && data[next] == '\r' && data[next + 1] == '\n')
                return next + 2;
            from = next;
        }

        return -1;
    }

    /// <summary>The <c>data</c> of an event; of several data lines the first, as no engine sends several. Empty where there is none.</summary>
    public static ReadOnlySpan<byte> Data(ReadOnlySpan<byte> sse)
    {
        while (!sse.IsEmpty)
        {
            var end = sse.IndexOf((byte)'\n');
            var line = end < 0 ? sse : sse[..end];
            if (line.StartsWith("data:"u8))
                return line[5..].Trim(" \r"u8);
            if (end < 0)
                break;
            sse = sse[(end + 1)..];
        }

        return default;
    }

    /// <summary>
    /// Whether a chunk may say more than the next piece of text: usage, an error, an end. Looks at bytes only; a text that
    /// quotes such a field is taken for one and then read properly.
    /// </summary>
    public static bool MaySayMore(ReadOnlySpan<byte> data) =>
        HasValue(data, "\"finish_reason\""u8) || HasValue(data, "\"usage\""u8) || HasValue(data, "\"error\""u8);

    private static bool HasValue(ReadOnlySpan<byte> data, ReadOnlySpan<byte> key)
    {
        var found = data.IndexOf(key);
        if (found < 0)
            return false;
        var value = data[(found + key.Length)..].TrimStart(" \t:"u8);
        return value.IsEmpty || value[0] != 'n';
    }
}
