using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli.Explain;

/// <summary>An explanation as text.</summary>
internal static class ExplanationPage
{
    public static void Show(Session session, Explanation e)
    {
        var page = new Page(session);
        page.Line(Words.Line(($"{e.Name}:", new Style(decoration: Decoration.Bold)), (e.Where, null)));
        if (e.Because is not null || e.Reason is not null)
            page.Section($"Why{(e.Reason is { } reason ? $" ({reason}{(e.Since is { } since ? $", for {Times.Age(since, session.Now)}" : string.Empty)})" : string.Empty)}", Words.Plain(e.Because ?? ReasonBook.Find(e.Reason)?.Says ?? "no reason is given"));
        Numbers(page, e);
        if (e.Needs.Count > 0)
            page.Section($"For the next step{(e.Next is { } next ? $" ({next})" : string.Empty)}", new Rows(e.Needs.Select(n => Line(n, session.Host.IsPlain))));
        if (e is { Deadline: { } deadline, AtDeadline: { } then })
            page.Section("If nothing moves", Words.Plain($"{Times.Distance(deadline, session.Now)} ({Times.Point(deadline)}): {then}"));
        page.List("What you can do", e.Advice);
    }

    private static void Numbers(Page page, Explanation e)
    {
        if (e.Traffic.Count > 0)
        {
            var table = Words.Table("TRACK", "RELEASE", "WEIGHT", "REQUESTS", "FAILED", "RATE", "SLOW");
            foreach (var t in e.Traffic)
                table.Row(t.Track, t.Release, $"{t.Weight}%", Number(t.Requests), Number(t.Failed), t.Requests == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{100.0 * t.Failed / t.Requests:0.##}%"), Number(t.SlowFirstTokens));
            page.Section("Traffic at this weight (slow: first token later than stable's p95)", table);
        }

        if (e.Verdicts.Count == 0)
            return;
        var verdicts = Words.Table("TEST", "VERDICT", "NUMBERS");
        foreach (var verdict in e.Verdicts)
            verdicts.Row(verdict.Name, verdict.Verdict, verdict.Message);
        page.Section("Verdicts", verdicts);
    }

    private static Paragraph Line(Need need, bool plain) => Words.Line(
        (need.IsMet ? plain ? "[x]" : "✔" : plain ? "[ ]" : "○", Words.StyleOf(need.IsMet ? Verdicts.Pass : Verdicts.Inconclusive)),
        (need.What, null),
        (need.Now is { } now ? $"({now})" : null, new Style(Color.Grey)));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
