using System.Text.RegularExpressions;

namespace LlmOps.Evaluator.Scorers;

/// <summary>Takes the part of an answer that counts, such as what stands after the last <c>A:</c>.</summary>
internal static class AnswerExtraction
{
    /// <summary>Last match, its first group if it has one; null where nothing matches.</summary>
    public static string? Extract(Regex? expression, string answer)
    {
        if (expression is null)
            return answer.Trim();
        Match? last = null;
        foreach (Match match in expression.Matches(answer))
            last = match;
        return last is null ? null : (last.Groups.Count > 1 ? last.Groups[1] : last.Groups[0]).Value.Trim();
    }
}
