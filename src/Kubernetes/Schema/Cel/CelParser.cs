using System.Globalization;

namespace LlmOps.Kubernetes.Schema.Cel;

/// <summary>Reads an expression by recursive descent, in the order of CEL's precedences. What it does not know is an error, never ignored.</summary>
public sealed class CelParser
{
    private static readonly string[] Macros = ["all", "exists", "exists_one", "filter", "map"];
    private readonly IReadOnlyList<CelToken> tokens;
    private int position;

    private CelParser(IReadOnlyList<CelToken> tokens) => this.tokens = tokens;

    /// <exception cref="FormatException">This is no expression, or it uses what is not supported.</exception>
    public static CelExpression Parse(string text)
    {
        var parser = new CelParser(CelToken.Read(text));
        var expression = parser.Conditional();
        return parser.Peek.Kind == CelTokenKind.End ? expression : throw new FormatException($"CEL: unexpected {parser.Peek.Text} in {text}");
    }

    private CelToken Peek => tokens[position];

    private CelExpression Conditional()
    {
        var condition = Binary(0);
        if (!Take("?"))
            return condition;
        var then = Binary(0);
        Expect(":");
        return new CelConditional(condition, then, Conditional());
    }

    /// <summary>From the weakest operators to the strongest.</summary>
    private static readonly string[][] Precedences = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"]];

    private CelExpression Binary(int level)
    {
        if (level == Precedences.Length)
            return Unary();
        var left = Binary(level + 1);
        while (Peek.Kind is CelTokenKind.Symbol or CelTokenKind.Word && Precedences[level].Contains(Peek.Text))
        {
            var @operator = tokens[position++].Text;
            left = new CelOperation(@operator, left, Binary(level + 1));
        }

        return left;
    }

    private CelExpression Unary() =>
        Take("!") ? new CelOperation("!", Unary(), null) : Take("-") ? new CelOperation("neg", Unary(), null) : Member(Primary());

    private CelExpression Member(CelExpression operand)
    {
        while (true)
        {
            if (Take("."))
            {
                var name = Word();
                operand = Take("(") ? Call(name, operand) : new CelSelect(operand, name);
            }
            else if (Take("["))
            {
                operand = new CelIndex(operand, Conditional());
                Expect("]");
            }
            else
            {
                return operand;
            }
        }
    }

    private CelExpression Primary()
    {
        var token = tokens[position++];
        switch (token.Kind)
        {
            case CelTokenKind.Text:
                return new CelLiteral(token.Text);
            case CelTokenKind.Number:
                return new CelLiteral(token.Text.Contains('.', StringComparison.Ordinal)
                    ? double.Parse(token.Text, CultureInfo.InvariantCulture)
                    : long.Parse(token.Text, CultureInfo.InvariantCulture));
            case CelTokenKind.Word:
                return token.Text switch
                {
                    "true" => new CelLiteral(true),
                    "false" => new CelLiteral(false),
                    "null" => new CelLiteral(null),
                    _ => Take("(") ? Call(token.Text, null) : new CelVariable(token.Text),
                };
            case CelTokenKind.Symbol when token.Text == "(":
                var inner = Conditional();
                Expect(")");
                return inner;
            case CelTokenKind.Symbol when token.Text == "[":
                return new CelList(Items("]"));
            default:
                throw new FormatException($"CEL: unexpected {token.Text}");
        }
    }

    private CelExpression Call(string name, CelExpression? target)
    {
        var arguments = Items(")");
        if (name == "has" && target is null)
            return arguments is [CelSelect field] ? new CelHas(field) : throw new FormatException("CEL: has() asks for a field");
        return target is not null && Macros.Contains(name) && arguments is [CelVariable variable, var body]
            ? new CelComprehension(name, target, variable.Name, body)
            : new CelCall(name, target, arguments);
    }

    private List<CelExpression> Items(string end)
    {
        var items = new List<CelExpression>();
        while (!Take(end))
        {
            if (items.Count > 0)
                Expect(",");
            items.Add(Conditional());
        }

        return items;
    }

    private string Word() => Peek.Kind == CelTokenKind.Word ? tokens[position++].Text : throw new FormatException($"CEL: a name is expected, not {Peek.Text}");

    private bool Take(string symbol)
    {
        if (Peek.Kind != CelTokenKind.Symbol || Peek.Text != symbol)
            return false;
        position++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Take(symbol))
            throw new FormatException($"CEL: {symbol} is expected, not {Peek.Text}");
    }
}
