using System.Globalization;

namespace LlmOps.Operator.Gathering;

/// <summary>One sample of a metrics page.</summary>
/// <param name="Labels">Text between the braces, as it stands; empty without labels.</param>
internal readonly record struct MetricSample(string Name, string Labels, double Value)
{
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

    /// <summary>Samples of a page in the Prometheus text format whose name is wanted. Lines that cannot be read are left out, as are values that are no finite number.</summary>
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
            var labelsEnd = line[nameEnd] == '{' ? line.LastIndexOf('}') : nameEnd;
            if (labelsEnd < nameEnd)
                continue;
            var labels = line[nameEnd] == '{' ? line[(nameEnd + 1)..labelsEnd].ToString() : string.Empty;
            var rest = line[(line[nameEnd] == '{' ? labelsEnd + 1 : labelsEnd)..].Trim();
            var valueEnd = rest.IndexOfAny(' ', '\t');
            if (double.TryParse(valueEnd < 0 ? rest : rest[..valueEnd], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
                samples.Add(new(name, labels, value));
        }

        return samples;
    }
}
