using System.Globalization;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>Resource quantities of Kubernetes, such as <c>500m</c>, <c>8Gi</c>, <c>4</c>, <c>1e3</c>.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1024m), ("Mi", 1048576m), ("Gi", 1073741824m), ("Ti", 1099511627776m), ("Pi", 1125899906842624m),
        ("n", 1e-9m), ("u", 1e-6m), ("m", 1e-3m), ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m),
    ];

    /// <exception cref="FormatException">Not a quantity.</exception>
    public static decimal Parse(string text)
    {
        foreach (var (suffix, factor) in Suffixes)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
                return factor * decimal.Parse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        return decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    /// <summary>Shortest form without loss down to thousandths, as metrics are written.</summary>
    public static string Format(double value) => value == Math.Floor(value)
        ? value.ToString("0", CultureInfo.InvariantCulture)
        : Math.Ceiling(value * 1000).ToString("0", CultureInfo.InvariantCulture) + "m";
}
