using System.Text;

namespace LlmOps.Kubernetes.Schema.Cel;

internal enum CelTokenKind
{
    Word,
    Number,
    Text,
    Symbol,
    End,
}

/// <summary>A word of an expression. Of texts, the value.</summary>
internal sealed record CelToken(CelTokenKind Kind, string Text)
{
    private static readonly string[] Symbols = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "%"];

    public static IReadOnlyList<CelToken> Read(string text)
    {
        var tokens = new List<CelToken>();
        var i = 0;
        while (i < text.Length)
        {
            if (char.IsWhiteSpace(text[i]))
                i++;
            else if (text[i] is '\'' or '"')
                tokens.Add(new(CelTokenKind.Text, Quoted(text, ref i, raw: false)));
            else if (text[i] == 'r' && i + 1 < text.Length && text[i + 1] is '\'' or '"')
                tokens.Add(new(CelTokenKind.Text, QuotedRaw(text, ref i)));
            else if (char.IsAsciiDigit(text[i]))
                tokens.Add(new(CelTokenKind.Number, While(text, ref i, c => char.IsAsciiDigit(c) || c == '.')));
            else if (char.IsAsciiLetter(text[i]) || text[i] == '_')
                tokens.Add(new(CelTokenKind.Word, While(text, ref i, c => char.IsAsciiLetterOrDigit(c) || c == '_')));
            else
                tokens.Add(new(CelTokenKind.Symbol, Symbol(text, ref i)));
        }

        tokens.Add(new(CelTokenKind.End, "the end"));
        return tokens;
    }

    private static string QuotedRaw(string text, ref int i)
    {
        i++;
        return Quoted(text, ref i, raw: true);
    }

    private static string Quoted(string text, ref int i, bool raw)
    {
        var quote = text[i++];
        var value = new StringBuilder();
        while (i < text.Length && text[i] != quote)
        {
            if (text[i] == '\\' && !raw)
            {
                i++;
                value.Append(i < text.Length ? Escape(text[i]) : throw new FormatException($"CEL: the text in {text} does not end"));
            }
            else
            {
                value.Append(text[i]);
            }

            i++;
        }

        if (i++ >= text.Length)
            throw new FormatException($"CEL: the text in {text} does not end");
        return value.ToString();
    }

    private static char Escape(char c) => c switch
    {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '\\' or '\'' or '"' or '`' or '?' => c,
        _ => throw new FormatException($"CEL: the escape \\{c} is not supported"),
    };

    private static string While(string text, ref int i, Func<char, bool> holds)
    {
        var start = i;
        while (i < text.Length && holds(text[i]))
            i++;
        return text[start..i];
    }

    private static string Symbol(string text, ref int i)
    {
        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(text, i, symbol, 0, symbol.Length) == 0)
            {
                i += symbol.Length;
                return symbol;
            }
        }

        throw new FormatException($"CEL: {text[i]} is not supported in {text}");
    }
}
