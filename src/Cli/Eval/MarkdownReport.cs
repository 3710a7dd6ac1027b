using System.Globalization;
using System.Text;
using LlmOps.Cli.Output;

namespace LlmOps.Cli.Eval;

/// <summary>
/// Results as Markdown for a pull request: verdicts and criteria as tables, cases folded away. Answers of models are data of others: they stand in code blocks that they
/// cannot end, and nothing in a table is a link, a mention or HTML. Pure.
/// </summary>
internal static class MarkdownReport
{
    public static string Of(string deployment, IReadOnlyList<GateResult> results)
    {
        var text = new StringBuilder($"## Gates of {Cell(deployment)}: {GateResult.Overall(results)}\n\n| gate | release | verdict | cases | tokens | took |\n|---|---|---|---|---|---|\n");
        foreach (var result in results)
        {
            var status = result.Run?.Status;
            text.Append(CultureInfo.InvariantCulture, $"| {Cell(result.Gate)} | {Cell(Release(result))} | **{result.Verdict}** | {status?.Cases} | {status?.Tokens} | {(result.Took is { } took ? Times.Short(took) : string.Empty)} |\n");
        }

        foreach (var result in results)
            Gate(text, result);
        return text.ToString();
    }

    private static string Release(GateResult result) => result.Run?.Spec is not { } spec ? string.Empty : spec.Baseline is { } baseline ? $"{spec.Candidate.Release} beside {baseline.Release}" : spec.Candidate.Release;

    private static void Gate(StringBuilder text, GateResult result)
    {
        text.Append($"\n### {Cell(result.Gate)}\n\n");
        if (result.Criteria.Count == 0)
            text.Append($"{Cell(result.Message)}\n");
        else
            text.Append("| criterion | verdict | numbers |\n|---|---|---|\n");
        foreach (var criterion in result.Criteria)
            text.Append($"| {Cell(criterion.Criterion)} | **{criterion.Verdict}** | {Cell(criterion.Message)} |\n");
        if (result.WorstCases.Count == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"\n<details><summary>{result.WorstCases.Count} cases that failed</summary>\n");
        foreach (var one in result.WorstCases)
            Block(text, $"{one.Id}  {one.Metric}: {one.Why}\n\nanswer:\n{one.Answer}{(one.BaselineAnswer is { } stable ? $"\n\nstable's answer:\n{stable}" : string.Empty)}");
        text.Append("\n</details>\n");
    }

    /// <summary>A code block with a fence that is longer than any in it.</summary>
    private static void Block(StringBuilder text, string content)
    {
        var (longest, run) = (0, 0);
        foreach (var c in content)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        var fence = new string('`', Math.Max(3, longest + 1));
        text.Append($"\n{fence}text\n{content.ReplaceLineEndings("\n")}\n{fence}\n");
    }

    /// <summary>Text that stays text in a table: every character that Markdown or HTML could take for something is a character reference.</summary>
    private static string Cell(string value)
    {
        var cell = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            if (c is '\r' or '\n')
                cell.Append(' ');
            else if ("|<>&*_`[]#@\\!~".Contains(c, StringComparison.Ordinal))
                cell.Append(CultureInfo.InvariantCulture, $"&#{(int)c};");
            else
                cell.Append(c);
        }

        return cell.ToString();
    }
}
