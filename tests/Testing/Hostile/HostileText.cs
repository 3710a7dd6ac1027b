using System.Text;

namespace LlmOps.Testing;

/// <summary>Text that a schema lets through and that code may not expect: odd Unicode, templates that would unfold, paths, markup, and as long as it may be.</summary>
public sealed class HostileText(Random random)
{
    private static readonly string[] Pieces =
    [
        "../../../../etc/passwd", "/../../api/v1/namespaces/kube-system/secrets/x", "..%2f..%2fsecrets", "a/b?watch=true#x", @"..\..\x", "/", ".", "..", "-", "--", "--model=other",
        "{{query}}", "{{undeclared}}", "{{{{", "}}", "{{", "{{ {{ }} }}", "{{.Values}}", "{0}{1:1000000000}", "%s%n%99999999d", "${jndi:ldap://x/y}", "$(reboot)", "$(A)$(B)", "`id`",
        "\"}],\"x\":{\"", "\\u0000", "<script>alert(1)</script>", "'; DROP TABLE x;--", "\r\nX-Injected: 1\r\n\r\n", "\t", " ", "\0", "\u0001", "\u007f", "\u0085", "\u2028", "\ufeff", "\uffff",
        "\u202e", "\u200b", "Z\u0337\u0322\u0327", "\u0301\u0301\u0301", "🦙", "👩‍👩‍👧‍👦", "𝕏", "İ", "ß", "ﷺ", "العربية", "null", "true", "0x10", "1e999", "NaN", "~", "- a: *b", "&a [*a]", "(a+)+$", "[", "(?<=x)",
    ];

    /// <summary>One to <paramref name="most"/> characters.</summary>
    public string Next(int most)
    {
        var length = random.Next(20) switch { 0 => most, < 4 => random.Next(1, most + 1), _ => random.Next(1, Math.Min(most, 60) + 1) };
        var text = new StringBuilder();
        var piece = Pieces[random.Next(Pieces.Length)];
        var repeats = random.Next(3) == 0;
        for (var count = 0; count < length;)
        {
            foreach (var rune in piece.EnumerateRunes())
            {
                if (count++ == length)
                    return text.ToString();
                text.Append(rune);
            }

            if (!repeats)
                piece = Pieces[random.Next(Pieces.Length)];
        }

        return text.ToString();
    }

    /// <summary>Text that may be the name of a field: the API server in memory keeps apart the fields of a path by line feeds.</summary>
    public string Field(int most) => Next(most).Replace('\n', '_');

    /// <summary>A DNS name of an object, unique by its number.</summary>
    public string Name(int number)
    {
        var longest = random.Next(4) == 0 ? 253 : 40;
        var name = $"{number}{random.Next(5) switch { 0 => ".", 1 => "-", 2 => "x", 3 => "-a.b", _ => "xn--p1ai." }}";
        while (name.Length < longest - 4)
            name += random.Next(4) switch { 0 => "0", 1 => "a-a", 2 => "a.a", _ => "9" };
        return name.TrimEnd('.', '-');
    }

    /// <summary>A name that somebody's object may have.</summary>
    public string Reference() => random.Next(3) == 0 ? Name(random.Next(1000)) : Pick("0", "a", "kube-root-ca.crt", "questions", "xn--p1ai", new string('9', 253), string.Join('.', Enumerable.Repeat("a", 127)));

    /// <summary>A key that a ConfigMap may have.</summary>
    public string Key() => Pick(".", "..", "...", "-", "cases.jsonl", new string('.', 253), "__proto__");

    /// <summary>A length of time that matches its pattern.</summary>
    public string Duration() => Pick(
        "0s", "0ms", "0.0000001ms", "1ms", "1s", "0h0m0s", "87600h", "99999999999999999999999999h", "0.000000000000000000000000000000000000000000000001h", string.Concat(Enumerable.Repeat("1h", 32)));

    /// <summary>An amount that matches its pattern.</summary>
    public string Bytes() => Pick("0", "1", "00000000000000000000000000000001", "0.0000000000000000000000000001k", "99999999999999999999999999999Ti", "9223372036854775808", "64Gi");

    public T Pick<T>(params T[] choices) => choices[random.Next(choices.Length)];
}
