using System.Globalization;
using System.Text.RegularExpressions;
using LlmOps.Api;

namespace LlmOps.Evaluator.Scorers;

/// <summary>The last number in the answer is the expected one, give or take a tolerance. Commas between thousands are allowed.</summary>
internal static partial class NumericToleranceScorer
{
    public static Score Create(ScorerSpec spec)
    {
        var tolerance = spec.Tolerance ?? 0;
        return answer =>
        {
            if (answer.ExpectedTexts.FirstOrDefault() is not { } text || Last(text) is not { } expected)
                return "the case has no expected number";
            return Last(answer.Text) switch
            {
                null => "has no number",
                { } number when Math.Abs(number - expected) <= tolerance => null,
                { } number => string.Create(CultureInfo.InvariantCulture, $"{number} is not {expected} ± {tolerance}"),
            };
        };
    }

    private static double? Last(string text)
    {
        Match? last = null;
        foreach (Match match in Number().Matches(text))
            last = match;
        return last is not null && double.TryParse(last.Value.Replace(",", string.Empty, StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    [GeneratedRegex(@"-?[0-9]+(,[0-9]{3})*(\.[0-9]+)?([eE][+-]?[0-9]+)?")]
    private static partial Regex Number();
}
