using System.Globalization;

namespace LlmOps.Operator.Gathering;

/// <summary>One sample of a metrics page.</summary>
/// <param name="Labels">Text between the braces, as it stands; empty without labels.</param>
/// <param name="Value">Null where it is no finite number, or cannot be read.</param>
internal readonly record struct MetricSample(string Name, string Labels, double? Value)
{
    /// <summary>The value of a counter; 0 where it has none.</summary>
    public long Count => (long)(Value ?? 0);

    /// <summary>Value of a label, unescaped values only; null where the sample has no such label.</summary>
    public string? Label(string name)
    {
        for (var at = Labels.IndexOf($"{name}=\"", StringComparison.Ordinal); at >= 0; at = Labels.IndexOf($"{name}=\"", at + 1, StringComparison.Ordinal))
        {
            if (at > 0 && Labels[at - 1] is not (',' or ' '))
                continue;
            var start = at + name.Length + 2;
            var end = Labels.IndexOf('"', start);
            return end < 0 ? null : Labels[start..end];
        }

        return null;
    }

    /// <summary>Samples of a page in the Prometheus text format whose name is wanted.</summary>
    public static List<MetricSample> Parse(string text, Func<string, bool> isWanted)
    {
        var samples = new List<MetricSample>();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#')
                continue;
            var nameEnd = line.IndexOfAny('{', ' ', '\t');
            if (nameEnd <= 0 || line[..nameEnd].ToString() is not { } name || !isWanted(name))
                continue;
            var labels = string.Empty;
            var value = line[nameEnd..];
            if (line[nameEnd] == '{')
            {
                var labelsEnd = Math.Max(nameEnd, line.LastIndexOf('}'));
                labels = line[Math.Min(nameEnd + 1, labelsEnd)..labelsEnd].ToString();
                value = line[(labelsEnd + 1)..];
            }

            samples.Add(new(name, labels, Number(value.Trim())));
        }

        return samples;
    }

    /// <param name="text">A number, and maybe a time stamp.</param>
    private static double? Number(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAny(' ', '\t');
        return double.TryParse(end < 0 ? text : text[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
    }
}
