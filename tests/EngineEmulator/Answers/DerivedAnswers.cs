using System.Globalization;
using System.Text;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Answers;

/// <summary>A question and the phrase that a right answer contains.</summary>
internal readonly record struct SupportCase(string Query, string Expected);

/// <summary>
/// Makes answers of a given accuracy. Questions are ranked by a seeded hash, the easy ones first: with accuracy <c>a</c>
/// the first <c>round(a·N)</c> are answered rightly. So the accuracy over the whole file is exact, the same question always
/// gets the same answer, and a better setting is right wherever a worse one was.
/// </summary>
internal sealed class DerivedAnswers : IAnswerSource
{
    private readonly IReadOnlyList<SupportCase> _cases;
    private readonly QuestionIndex _index;
    private readonly double _accuracy;
    private readonly AnswerStyle _style;
    private readonly int[] _rank;
    private readonly string[] _distractor;
    private readonly ulong[] _hash;

    public DerivedAnswers(IReadOnlyList<SupportCase> cases, double accuracy, AnswerStyle style, ulong seed)
    {
        _cases = cases;
        _index = new QuestionIndex([.. cases.Select(item => item.Query)]);
        _accuracy = accuracy;
        _style = style;
        _hash = [.. cases.Select(item => StableHash.Of(item.Query, seed))];
        _rank = new int[cases.Count];
        var order = Enumerable.Range(0, cases.Count).OrderBy(i => _hash[i]).ThenBy(i => i).ToArray();
        for (var rank = 0; rank < order.Length; rank++)
            _rank[order[rank]] = rank;
        _distractor = [.. cases.Select((_, i) => Distractor(i))];
    }

    public string? Answer(string userMessage, AnswerManner manner)
    {
        var found = _index.Find(userMessage);
        if (found < 0)
            return null;
        var accuracy = manner.Accuracy ?? _accuracy;
        var right = _rank[found] < Math.Round(accuracy * _cases.Count, MidpointRounding.AwayFromZero);
        var phrases = (manner.Style ?? _style) == AnswerStyle.Brief ? Phrases.Brief : Phrases.Verbose;
        var phrase = phrases[(int)(_hash[found] % (ulong)phrases.Count)];
        return string.Format(CultureInfo.InvariantCulture, phrase, right ? _cases[found].Expected : _distractor[found]);
    }

    /// <summary>The answer to another question: plausible, and free of this question's expected phrase in every sentence.</summary>
    private string Distractor(int index)
    {
        var expected = _cases[index].Expected;
        for (var step = 1; step < _cases.Count; step++)
        {
            var other = _cases[(int)((_hash[index] + (ulong)step) % (ulong)_cases.Count)].Expected;
            if (!other.Contains(expected, StringComparison.OrdinalIgnoreCase)
                && !expected.Contains(other, StringComparison.OrdinalIgnoreCase))
                return other;
        }

        return "a support ticket";
    }

    private static class Phrases
    {
        public static readonly IReadOnlyList<CompositeFormat> Verbose =
        [
            CompositeFormat.Parse("Thanks for reaching out. What you are looking for is {0}, as described in our help pages. Write again if that does not help."),
            CompositeFormat.Parse("According to our documentation the answer here is {0}. Please let us know whether this solves it for you."),
            CompositeFormat.Parse("Good question! For your account this comes down to {0}. Our team is happy to walk you through it if needed."),
            CompositeFormat.Parse("I checked this for you: it is {0}. You can find the details in the help centre under the same topic."),
            CompositeFormat.Parse("In short, {0} is what you need here. If anything looks different on your side, just reply to this message."),
        ];

        public static readonly IReadOnlyList<CompositeFormat> Brief =
        [
            CompositeFormat.Parse("It is {0}."),
            CompositeFormat.Parse("The answer is {0}."),
            CompositeFormat.Parse("That would be {0}."),
        ];
    }
}
