namespace LlmOps.EngineEmulator.Answers;

/// <summary>
/// Finds which known question a message asks: the message as a whole, else a question that it contains. Of several the
/// last one counts (examples come before the question), of overlapping ones the longest.
/// </summary>
internal sealed class QuestionIndex
{
    // Questions are looked up by their beginning at each start of a word: one dictionary probe a word.
    private const int LongestPrefix = 16;

    private readonly string[] _questions;
    private readonly Dictionary<string, int> _byText = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _byPrefix = new(StringComparer.Ordinal);
    private readonly int _prefixLength = LongestPrefix;

    public QuestionIndex(IReadOnlyList<string> questions)
    {
        _questions = [.. questions.Select(question => question.Trim())];
        foreach (var question in _questions)
            _prefixLength = Math.Min(_prefixLength, question.Length);
        for (var i = 0; i < _questions.Length; i++)
        {
            if (!_byText.TryAdd(_questions[i], i))
                continue;
            var prefix = _questions[i][.._prefixLength];
            if (!_byPrefix.TryGetValue(prefix, out var list))
                _byPrefix.Add(prefix, list = []);
            list.Add(i);
        }

        // The longest first: the first that fits is the longest that fits.
        foreach (var list in _byPrefix.Values)
            list.Sort((a, b) => _questions[b].Length.CompareTo(_questions[a].Length));
    }

    /// <summary>The question's position, or -1.</summary>
    public int Find(string message)
    {
        var text = message.AsSpan().Trim();
        if (_byText.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var whole))
            return whole;
        if (_prefixLength == 0)
            return -1;
        var prefixes = _byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = -1;
        for (var i = 0; i + _prefixLength <= text.Length; i++)
        {
            if (i > 0 && char.IsLetterOrDigit(text[i - 1]))
                continue;
            if (!prefixes.TryGetValue(text.Slice(i, _prefixLength), out var candidates))
                continue;
            foreach (var candidate in candidates)
            {
                if (!StandsAt(text[i..], _questions[candidate]))
                    continue;
                found = candidate;
                i += _questions[candidate].Length - 1;
                break;
            }
        }

        return found;
    }

    private static bool StandsAt(ReadOnlySpan<char> text, string question) =>
        text.StartsWith(question, StringComparison.Ordinal)
        && (text.Length == question.Length
            || !char.IsLetterOrDigit(text[question.Length])
            || !char.IsLetterOrDigit(question[^1]));
}
