using System.Buffers;
using System.Globalization;

namespace LlmOps.Operator.Gathering;

/// <summary>Reads Kubernetes quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/</summary>
internal static class Quantity
{
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("+-.0123456789");

    /// <summary>The value in whole units; false where the text is no quantity.</summary>
    public static bool TryParse(string text, out decimal value)
    {
        var end = text.AsSpan().IndexOfAnyExcept(NumberCharacters);
        var number = end < 0 ? text.AsSpan() : text.AsSpan(0, end);
        var suffix = end < 0 ? string.Empty : text[end..];
        value = 0;
        if (!decimal.TryParse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount) || Factor(suffix) is not { } factor)
            return false;
        try
        {
            value = amount * factor;
            return true;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    /// <summary>Whether two texts are the same quantity, such as <c>1000m</c> and <c>1</c>: the API server writes its own spelling.</summary>
    public static bool AreEqual(string left, string right) =>
        TryParse(left, out var first) && TryParse(right, out var second) && first == second;

    private static decimal? Factor(string suffix) => suffix switch
    {
        "" => 1m,
        "n" => 1e-9m,
        "u" => 1e-6m,
        "m" => 1e-3m,
        "k" => 1e3m,
        "M" => 1e6m,
        "G" => 1e9m,
        "T" => 1e12m,
        "P" => 1e15m,
        "E" => 1e18m,
        "Ki" => 1024m,
        "Mi" => 1048576m,
        "Gi" => 1073741824m,
        "Ti" => 1099511627776m,
        "Pi" => 1125899906842624m,
        "Ei" => 1152921504606846976m,
        _ => null,
    };
}
