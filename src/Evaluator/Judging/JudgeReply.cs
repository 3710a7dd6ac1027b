using System.Text.RegularExpressions;

namespace LlmOps.Evaluator.Judging;

/// <summary>
/// A judge's answer as it is read: reasons, then <c>VERDICT: pass</c> or <c>VERDICT: fail</c> alone on the last line that is not empty. Case, white space and Markdown emphasis around
/// the line do not count. Anything else has no verdict, and so has an answer in which another such line stands: it quotes what it judges, or changes its mind.
/// </summary>
/// <param name="Passes">Null where there is no verdict.</param>
/// <param name="Reason">What stands before the verdict; the whole answer where there is none.</param>
internal sealed partial record JudgeReply(bool? Passes, string Reason)
{
    public const string PassLine = "VERDICT: pass";

    public const string FailLine = "VERDICT: fail";

    private static readonly char[] Emphasis = ['*', '_', '`', ' ', '\t', '\r'];

    public static JudgeReply Read(string answer)
    {
        var text = answer.Trim();
        var lastLine = text.LastIndexOf('\n') + 1;
        var (before, last) = (text[..lastLine].Trim(), text[lastLine..]);
        if (VerdictLine().Match(last.Trim(Emphasis)) is not { Success: true } verdict || before.Split('\n').Any(line => VerdictLine().IsMatch(line.Trim(Emphasis))))
            return new(null, text);
        return new(verdict.Groups[1].Value.Equals("pass", StringComparison.OrdinalIgnoreCase), before);
    }

    [GeneratedRegex(@"^VERDICT[*_`]*:[*_`\s]*(pass|fail)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex VerdictLine();
}
