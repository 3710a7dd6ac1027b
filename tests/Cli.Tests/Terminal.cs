using System.Globalization;
using System.Text.RegularExpressions;

namespace LlmOps.Cli.Tests;

/// <summary>A terminal in memory: knows the control codes that a redraw needs, and no colours.</summary>
internal static partial class Terminal
{
    /// <summary>What is on the screen after all that was written; without spaces at the ends of lines and empty lines at the end.</summary>
    public static string[] Shows(string written)
    {
        var (lines, row, column) = (new List<string> { string.Empty }, 0, 0);
        foreach (Match token in Token().Matches(written))
        {
            var count = int.TryParse(token.Groups["count"].Value, CultureInfo.InvariantCulture, out var given) ? given : 1;
            switch (token.Groups["code"].Value)
            {
                case "A":
                    row -= count;
                    break;
                case "K":
                    lines[row] = string.Empty;
                    break;
                case "m" or "l" or "h":
                    break;
                case { Length: > 0 } unknown:
                    throw new NotSupportedException($"control code {unknown}");
                case var _ when token.Value == "\r":
                    column = 0;
                    break;
                case var _ when token.Value == "\n":
                    (row, column) = (row + 1, 0);
                    if (row == lines.Count)
                        lines.Add(string.Empty);
                    break;
                default:
                    var (line, end) = (lines[row].PadRight(column), column + token.Length);
                    lines[row] = line[..column] + token.Value + (end < line.Length ? line[end..] : string.Empty);
                    column = end;
                    break;
            }
        }

        return [.. lines.Select(l => l.TrimEnd()).Reverse().SkipWhile(l => l.Length == 0).Reverse()];
    }

    [GeneratedRegex(@"\u001b\[\??(?<count>[0-9;]*)(?<code>[A-Za-z])|\r|\n|[^\u001b\r\n]+")]
    private static partial Regex Token();
}
