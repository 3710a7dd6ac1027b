using System.Text.Json;
using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>The answer is one JSON value. A Markdown code fence around it is allowed.</summary>
internal static class IsJsonScorer
{
    public static Score Create(ScorerSpec spec) => answer =>
    {
        try
        {
            using var document = JsonDocument.Parse(WithoutFence(answer.Text));
            return null;
        }
        catch (JsonException e)
        {
            return $"is not JSON ({e.Message.Split(". Path", 2)[0]})";
        }
    };

    private static string WithoutFence(string text)
    {
        if (!text.StartsWith("```", StringComparison.Ordinal) || !text.EndsWith("```", StringComparison.Ordinal) || text.IndexOf('\n', StringComparison.Ordinal) is not (> 0 and var newline))
            return text;
        return text[(newline + 1)..^3];
    }
}
