using System.Globalization;
using LlmOps.Cli.Output;
using Spectre.Console;

namespace LlmOps.Cli.Eval;

/// <summary>A result as text.</summary>
internal static class EvalPage
{
    public static void Show(Session session, GateResult result)
    {
        var page = new Page(session);
        var (run, status) = (result.Run!, result.Run!.Status!);
        page.Line(Words.Line(($"gate {result.Gate} on release {run.Spec.Candidate.Release}", new Style(decoration: Decoration.Bold)), (result.Verdict, Words.StyleOf(result.Verdict))));
        page.Line(Words.Plain(result.Message));
        page.Facts(
            ("run", run.Metadata.Name),
            ("baseline", run.Spec.Baseline?.Release),
            ("cases", status.Cases?.ToString(CultureInfo.InvariantCulture)),
            ("tokens", status.Tokens?.ToString(CultureInfo.InvariantCulture)),
            ("judges", status.JudgeRequests is { } requests ? string.Create(CultureInfo.InvariantCulture, $"{requests} requests, {status.JudgeTokens} of the tokens") : null),
            ("took", result.Took is { } took ? Times.Short(took) : null));
        if (result.Criteria.Count > 0)
        {
            var table = Words.Table("CRITERION", "VERDICT", "NUMBERS");
            foreach (var criterion in result.Criteria)
                table.Row(criterion.Criterion, criterion.Verdict, criterion.Message);
            page.Section("Criteria", table);
        }

        page.List("Cases that failed", result.WorstCases.Select(c => $"{c.Id}  {c.Metric}: {c.Why}"));
    }
}
