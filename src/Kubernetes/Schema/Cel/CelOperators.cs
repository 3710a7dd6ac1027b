using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema.Cel;

/// <summary>Operators, and how values compare.</summary>
internal static class CelOperators
{
    public static object? Apply(string @operator, object? left, object? right) => @operator switch
    {
        "!" => !CelEvaluator.Truth(left),
        "neg" => left switch { long i => -i, double d => -d, _ => throw Unknown("-") },
        "==" => AreEqual(left, right),
        "!=" => !AreEqual(left, right),
        "<" => Compare(left, right) < 0,
        "<=" => Compare(left, right) <= 0,
        ">" => Compare(left, right) > 0,
        ">=" => Compare(left, right) >= 0,
        "in" => IsIn(left, right),
        "+" => Add(left, right),
        "-" or "*" or "/" or "%" => Calculate(@operator, left, right),
        _ => throw Unknown(@operator),
    };

    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (long or double, long or double) => Compare(left, right) == 0,
        (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(p => AreEqual(p.First, p.Second)),
        (JsonObject a, JsonObject b) => JsonNode.DeepEquals(a, b),
        _ => left.Equals(right),
    };

    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (long or double, long or double) => Convert.ToDouble(left, System.Globalization.CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(right, System.Globalization.CultureInfo.InvariantCulture)),
        (string a, string b) => string.CompareOrdinal(a, b),
        (TimeSpan a, TimeSpan b) => a.CompareTo(b),
        (bool a, bool b) => a.CompareTo(b),
        _ => throw Unknown("comparison"),
    };

    private static bool IsIn(object? item, object? range) => range switch
    {
        IReadOnlyList<object?> list => list.Any(i => AreEqual(i, item)),
        JsonObject map when item is string key => map.ContainsKey(key),
        _ => throw Unknown("in"),
    };

    private static object Add(object? left, object? right) => (left, right) switch
    {
        (string a, string b) => a + b,
        (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Concat(b).ToList(),
        _ => Calculate("+", left, right),
    };

    private static object Calculate(string @operator, object? left, object? right) => (left, right, @operator) switch
    {
        (long a, long b, "+") => (object)(a + b),
        (long a, long b, "-") => (object)(a - b),
        (long a, long b, "*") => (object)(a * b),
        (long, 0L, "/" or "%") => throw new CelException("division by zero"),
        (long a, long b, "/") => (object)(a / b),
        (long a, long b, "%") => (object)(a % b),
        (double a, double b, "+") => (object)(a + b),
        (double a, double b, "-") => (object)(a - b),
        (double a, double b, "*") => (object)(a * b),
        (double a, double b, "/") => (object)(a / b),
        _ => throw Unknown(@operator),
    };

    private static CelException Unknown(string what) => new($"no such overload: {what}");
}
