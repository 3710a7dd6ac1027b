namespace LlmOps.EngineEmulator.Generation;

/// <summary>
/// The emulator's tokens: a run of non-blank characters with the blanks before it; blanks at the end belong to the last
/// one. The pieces of a text, put together, are the text; a blank text has none.
/// </summary>
internal static class WordPieces
{
    public static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        var inWord = false;
        foreach (var character in text)
        {
            var blank = char.IsWhiteSpace(character);
            if (!blank && !inWord)
                count++;
            inWord = !blank;
        }

        return count;
    }

    /// <summary>The end, exclusive, of each piece.</summary>
    public static int[] Ends(ReadOnlySpan<char> text)
    {
        var ends = new int[Count(text)];
        var piece = -1;
        var inWord = false;
        for (var i = 0; i < text.Length; i++)
        {
            var blank = char.IsWhiteSpace(text[i]);
            if (!blank && !inWord)
                piece++;
            inWord = !blank;
            if (inWord)
                ends[piece] = i + 1;
        }

        if (ends.Length > 0)
            ends[^1] = text.Length;
        return ends;
    }
}
