using System.Text;
using System.Text.RegularExpressions;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>
/// Text with <c>{{variables}}</c>. White space inside the braces is allowed; a name is a letter or underscore, then letters,
/// digits, <c>_</c>, <c>.</c> and <c>-</c>. <c>{{{{</c> stands for two literal braces; closing braces need no escape.
/// <para>Guarantee: one pass. A value is put in as it is and never looked at again, whatever it contains.</para>
/// </summary>
public sealed partial class PromptTemplate
{
    /// <summary>Characters of a name that a problem repeats.</summary>
    private const int MostOfName = 40;

    private readonly Segment[] segments;

    private PromptTemplate(Segment[] segments)
    {
        this.segments = segments;
        Uses = segments.Where(s => s.IsVariable).CountBy(s => s.Text, StringComparer.Ordinal).ToArray();
        Variables = Uses.Select(use => use.Key).ToArray();
        LiteralLength = segments.Where(s => !s.IsVariable).Sum(s => s.Text.Length);
    }

    /// <summary>Names of the variables that are used, each once, in order of first use.</summary>
    public IReadOnlyList<string> Variables { get; }

    /// <summary>Variables, each with how often it is used.</summary>
    internal IReadOnlyList<KeyValuePair<string, int>> Uses { get; }

    /// <summary>Characters that are there whatever the values are.</summary>
    internal int LiteralLength { get; }

    /// <summary>Parses a template.</summary>
    /// <param name="text">The template.</param>
    /// <param name="template">Null where it is malformed.</param>
    /// <param name="problem">What is wrong, where (line and column from 1) and what to do; null where nothing is.</param>
    public static bool TryParse(string text, out PromptTemplate? template, out string? problem)
    {
        (template, problem) = (null, null);
        var segments = new List<Segment>();
        var literal = new StringBuilder();
        var position = 0;
        while (position < text.Length)
        {
            var open = text.IndexOf("{{", position, StringComparison.Ordinal);
            literal.Append(text, position, (open < 0 ? text.Length : open) - position);
            if (open < 0)
                break;
            if (text.AsSpan(open).StartsWith("{{{{"))
            {
                literal.Append("{{");
                position = open + 4;
                continue;
            }

            var close = text.IndexOf("}}", open, StringComparison.Ordinal);
            var name = close < 0 ? string.Empty : text[(open + 2)..close].Trim();
            if (close < 0 || !VariableName().IsMatch(name))
            {
                problem = close < 0
                    ? $"'{{{{' at {Place(text, open)} has no '}}}}': close it, or write '{{{{{{{{' for two literal braces"
                    : $"'{Excerpt.Of(name, MostOfName)}' at {Place(text, open)} is not a variable name (a letter or underscore, then letters, digits, '_', '.', '-'): correct it, or write '{{{{{{{{' for two literal braces";
                return false;
            }

            AddLiteral(segments, literal);
            segments.Add(new(name, IsVariable: true));
            position = close + 2;
        }

        AddLiteral(segments, literal);
        template = new([.. segments]);
        return true;
    }

    /// <summary>Whether a text can be the name of a variable.</summary>
    public static bool IsVariableName(string name) => VariableName().IsMatch(name);

    /// <summary>The text with each variable replaced by what <paramref name="valueOf"/> gives for its name.</summary>
    public string Render(Func<string, string> valueOf)
    {
        if (segments is [{ IsVariable: false } only])
            return only.Text;
        var text = new StringBuilder();
        foreach (var segment in segments)
            text.Append(segment.IsVariable ? valueOf(segment.Text) : segment.Text);
        return text.ToString();
    }

    private static void AddLiteral(List<Segment> segments, StringBuilder literal)
    {
        if (literal.Length == 0)
            return;
        segments.Add(new(literal.ToString(), IsVariable: false));
        literal.Clear();
    }

    private static string Place(string text, int index)
    {
        var before = text.AsSpan(0, index);
        return $"line {before.Count('\n') + 1}, column {index - (before.LastIndexOf('\n') + 1) + 1}";
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex VariableName();

    /// <summary>A piece of literal text, or the name of a variable.</summary>
    private readonly record struct Segment(string Text, bool IsVariable);
}
