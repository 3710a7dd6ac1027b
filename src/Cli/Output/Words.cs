using LlmOps.Api;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli.Output;

/// <summary>Text with the colours that mean something: green for what is well, yellow for what waits, red for what failed, grey for what is beside the point.</summary>
internal static class Words
{
    public static Paragraph Plain(string text) => new(text);

    public static Paragraph Dim(string text) => new(text, new Style(Color.Grey));

    public static Paragraph Bold(string text) => new(text, new Style(decoration: Decoration.Bold));

    /// <summary>A phase, an outcome or a verdict in its colour.</summary>
    public static Paragraph Judged(string? word) => new(word ?? string.Empty, StyleOf(word));

    /// <summary>One line of parts with a space between them.</summary>
    public static Paragraph Line(params (string? Text, Style? Style)[] parts)
    {
        var line = new Paragraph();
        var separator = string.Empty;
        foreach (var (text, style) in parts.Where(p => !string.IsNullOrEmpty(p.Text)))
        {
            line.Append(separator).Append(text!, style);
            separator = "  ";
        }

        return line;
    }

    public static Style? StyleOf(string? word) => word switch
    {
        DeploymentPhases.Healthy or "Promoted" or Verdicts.Pass or RolloutActionPhases.Applied => new Style(Color.Green),
        DeploymentPhases.Progressing or DeploymentPhases.Pending or "Superseded" or Verdicts.Inconclusive or Verdicts.NoData or Verdicts.ProviderError => new Style(Color.Yellow),
        DeploymentPhases.Degraded or "Reverted" or Verdicts.Fail or RolloutActionPhases.Refused => new Style(Color.Red),
        _ => null,
    };

    /// <summary>A table without lines, as <c>kubectl get</c> writes them.</summary>
    public static Table Table(params string[] columns)
    {
        var table = new Table().NoBorder();
        table.ShowRowSeparators = false;
        foreach (var (column, index) in columns.Select((c, i) => (c, i)))
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))) { Padding = new Padding(0, 0, index == columns.Length - 1 ? 0 : 2, 0) });
        return table;
    }

    public static Table Row(this Table table, params string?[] cells) => table.AddRow(cells.Select(c => (IRenderable)Judged(c)));
}
