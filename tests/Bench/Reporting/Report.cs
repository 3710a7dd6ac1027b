using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace LlmOps.Bench.Reporting;

/// <summary>Tables for people, JSON for whoever compares runs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static void WriteJson(string file, BenchResult result)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file, JsonSerializer.Serialize(result, Json) + "\n");
    }

    public static void Show(IAnsiConsole console, IReadOnlyList<PartResult> parts)
    {
        foreach (var detail in parts.SelectMany(part => part.Details))
            console.Write(ToTable(detail));

        var table = new Table().Border(TableBorder.Rounded).Title("figures and budgets");
        table.AddColumns("part", "what", "value", "budget", "");
        foreach (var (part, figure) in parts.SelectMany(part => part.Figures.Select(figure => (part.Part, figure))))
            table.AddRow(part, Markup.Escape(figure.Name), Value(figure.Value, figure.Unit), Budget(figure), Outcome(figure));
        console.Write(table);

        foreach (var part in parts)
        {
            foreach (var problem in part.Problems)
                console.MarkupLine($"[red]{part.Part}: not measured: {Markup.Escape(problem)}[/]");
        }
    }

    /// <summary>Three significant digits, or the whole number from 100 on.</summary>
    public static string Number(double value)
    {
        var magnitude = Math.Abs(value);
        return value.ToString(magnitude >= 100 || value == Math.Floor(value) ? "#,0" : magnitude >= 10 ? "0.0" : magnitude >= 1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);
    }

    private static Table ToTable(Detail detail)
    {
        var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape(detail.Title));
        foreach (var (column, i) in detail.Columns.Select((column, i) => (column, i)))
            table.AddColumn(new TableColumn(Markup.Escape(column)) { Alignment = i == 0 ? Justify.Left : Justify.Right });
        foreach (var row in detail.Rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        return table;
    }

    private static string Value(double value, string unit) => $"{Number(value)} {unit}".TrimEnd();

    private static string Budget(Figure figure) =>
        figure.AtMost is { } most ? $"≤ {Value(most, figure.Unit)}" : figure.AtLeast is { } least ? $"≥ {Value(least, figure.Unit)}" : string.Empty;

    private static string Outcome(Figure figure) => figure.Met switch
    {
        true => "[green]met[/]",
        false => "[red]missed[/]",
        null => string.Empty,
    };
}
