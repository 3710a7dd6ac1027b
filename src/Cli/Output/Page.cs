using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli.Output;

/// <summary>A page of text: a title line, facts, sections with an empty line before each.</summary>
internal sealed class Page(Session session)
{
    public void Line(IRenderable text)
    {
        session.Show(text);
        session.Console.WriteLine();
    }

    /// <summary>Names and values in two columns; a fact without a value is left out.</summary>
    public void Facts(params (string Name, string? Value)[] facts)
    {
        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(2, 0, 2, 0) }).AddColumn(new GridColumn { Padding = new Padding(0) });
        foreach (var (name, value) in facts.Where(f => !string.IsNullOrEmpty(f.Value)))
            grid.AddRow(Words.Dim(name), Words.Plain(value!));
        session.Show(grid);
    }

    /// <summary>A heading and what is below it.</summary>
    public void Section(string title, IRenderable content)
    {
        session.Console.WriteLine();
        Line(Words.Bold(title));
        session.Show(new Padder(content, new Padding(2, 0, 0, 0)));
    }

    /// <summary>A heading and lines; nothing where there are none.</summary>
    public void List(string title, IEnumerable<string> lines)
    {
        var all = lines.Select(l => (IRenderable)new Paragraph(l)).ToList();
        if (all.Count > 0)
            Section(title, new Rows(all));
    }
}
