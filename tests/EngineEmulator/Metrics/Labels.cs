using System.Text;

namespace LlmOps.EngineEmulator.Metrics;

/// <summary>A label set, kept sorted by name as both engines' client libraries print it.</summary>
internal readonly record struct Labels(IReadOnlyList<(string Name, string Value)> Pairs)
{
    public static readonly Labels None = new([]);

    public static Labels Of(params ReadOnlySpan<(string Name, string Value)> pairs) =>
        new([.. pairs.ToArray().OrderBy(pair => pair.Name, StringComparer.Ordinal)]);

    public Labels With(string name, string value) => Of([.. Pairs, (name, value)]);

    public void AppendTo(StringBuilder text)
    {
        if (Pairs.Count == 0)
            return;
        var separator = '{';
        foreach (var (name, value) in Pairs)
        {
            text.Append(separator).Append(name).Append("=\"");
            foreach (var character in value)
            {
                text.Append(character switch
                {
                    '\\' => @"\\",
                    '"' => "\\\"",
                    '\n' => "\\n",
                    _ => character.ToString(),
                });
            }

            text.Append('"');
            separator = ',';
        }

        text.Append('}');
    }
}
