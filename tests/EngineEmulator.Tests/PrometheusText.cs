using System.Globalization;
using System.Text.RegularExpressions;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>Reads Prometheus' text format strictly enough to catch a broken writer.</summary>
internal static partial class PrometheusText
{
    public static List<(string Name, SortedDictionary<string, string> Labels, double Value)> Samples(string text)
    {
        var samples = new List<(string, SortedDictionary<string, string>, double)>();
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var match = Sample().Match(line);
            Assert.True(match.Success, "not a sample: " + line);
            var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (Match pair in Label().Matches(match.Groups["labels"].Value))
                labels.Add(pair.Groups["name"].Value, pair.Groups["value"].Value);
            samples.Add((match.Groups["name"].Value, labels, double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)));
        }

        return samples;
    }

    public static double Value(string text, string name, params (string Name, string Value)[] labels) =>
        Samples(text).Single(sample => sample.Name == name
            && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value)).Value;

    /// <summary>One line a family: name, type, label names.</summary>
    public static List<string> Families(string text)
    {
        var types = text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' '));
        var samples = Samples(text);
        return [.. types.Select(type =>
        {
            var histogram = type[3] == "histogram";
            var labels = samples
                .Where(sample => sample.Name == type[2] || (histogram && sample.Name == type[2] + "_bucket"))
                .SelectMany(sample => sample.Labels.Keys).Distinct().Order(StringComparer.Ordinal);
            return $"{type[2]} {type[3]} {string.Join(',', labels)}".TrimEnd();
        })];
    }

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>[^}]*)\})? (?<value>\S+)$")]
    private static partial Regex Sample();

    [GeneratedRegex("(?<name>[a-z_]+)=\"(?<value>[^\"]*)\"")]
    private static partial Regex Label();
}
