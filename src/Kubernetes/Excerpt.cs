using System.Text;

namespace LlmOps.Kubernetes;

/// <summary>
/// Bounds texts, so that they fit a schema or a message. Never half a character: the API server would store another one in its place, and what is stored would
/// differ from what is wanted for ever.
/// </summary>
public static class Excerpt
{
    /// <summary>Of what others said, such as a proxy's page or a plugin's error.</summary>
    public const int LineLength = 300;

    private const string Ellipsis = "…";

    /// <summary>The text, or its beginning and an ellipsis, in at most <paramref name="most"/> UTF-16 units.</summary>
    /// <param name="most">1 or more.</param>
    public static string Of(string text, int most)
    {
        if (text.Length <= most)
            return text;
        var kept = most - Ellipsis.Length;
        if (kept > 0 && char.IsHighSurrogate(text[kept - 1]))
            kept--;
        return string.Concat(text.AsSpan(0, kept), Ellipsis);
    }

    /// <summary>As <see cref="Of"/>, in at most <paramref name="most"/> bytes of UTF-8; 3 or more.</summary>
    public static string OfBytes(string text, int most)
    {
        if (Encoding.UTF8.GetByteCount(text) <= most)
            return text;
        var room = most - Encoding.UTF8.GetByteCount(Ellipsis);
        var kept = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Utf8SequenceLength > room)
                break;
            room -= rune.Utf8SequenceLength;
            kept += rune.Utf16SequenceLength;
        }

        return string.Concat(text.AsSpan(0, kept), Ellipsis);
    }

    /// <summary>The beginning on one line of at most <see cref="LineLength"/>; null where there is nothing to read.</summary>
    public static string? Line(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length == 0 ? null : Of(line, LineLength);
    }
}
