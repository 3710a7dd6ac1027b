using LlmOps.Api;
using LlmOps.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli.Diff;

/// <summary>A difference as text.</summary>
internal static class DiffPage
{
    public static void Show(Session session, Difference difference)
    {
        var page = new Page(session);
        page.Line(Words.Bold($"release {difference.From} -> {difference.To}"));
        if (difference.IsEmpty)
            page.Line(Words.Plain("They are the same."));
        Fields(page, "Model, engine, pods", difference.Fields);
        Lines(page, "Engine arguments", difference.Arguments);
        Fields(page, "Prompt parameters and variables", difference.Parameters);
        Lines(page, "Prompt", difference.Prompt);
        if (difference.PromptProblem is { } problem)
            page.Section("Prompt", Words.Plain(problem));
    }

    private static void Fields(Page page, string title, IReadOnlyList<FieldChange> changes)
    {
        if (changes.Count == 0)
            return;
        var table = Words.Table("FIELD", "FROM", "TO");
        foreach (var change in changes)
            table.Row(change.Field, change.From ?? "-", change.To ?? "-");
        page.Section(title, table);
    }

    private static void Lines(Page page, string title, IReadOnlyList<TextLine> lines)
    {
        if (lines.Count > 0)
            page.Section(title, new Rows(lines.Select(l => (IRenderable)new Paragraph($"{l.Sign} {l.Text}", Style(l.Sign)))));
    }

    private static Style? Style(char sign) => sign switch
    {
        '+' => Words.StyleOf(Verdicts.Pass),
        '-' => Words.StyleOf(Verdicts.Fail),
        _ => null,
    };
}
